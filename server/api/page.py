"""The built page: its files, compressed beforehand where the build did so, and its addresses."""

from __future__ import annotations

import mimetypes
import os
import re
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ADDRESSES = re.compile(r"game/(0|[1-9][0-9]{0,9})|games|glossary|vault")
"""Paths below `/` that the page's own router knows (frontend/src/route.ts)."""
ASKED_FIRST = {"": ("/api/v1/games", "/api/v1/config"), "game": ("/api/v1/games/{}?first", "/api/v1/config")}
"""What the page asks for before all else, by the first word of its address: browsers fetch it while its code comes.
A document has an address of its own for that: what was fetched so answers a later request, whatever that accepts."""
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Content codings by preference, with the suffix of a file's compressed neighbour."""

COMPRESSED_FROM = 1000
"""Answers of so many bytes and more are compressed."""


class Page(StaticFiles):
    """Files of the page. Its addresses answer with the application, unknown ones too, but with status 404."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
            if path == ".":  # the front page
                response.headers["link"] = preloads("")
            return response
        except HTTPException as error:
            wanted = Headers(scope=scope).get("accept", "")
            if error.status_code != 404 or "text/html" not in wanted:
                raise
            full_path, found = self.lookup_path("index.html")
            if found is None:
                raise
            known = ADDRESSES.fullmatch(path) is not None
            response = self.file_response(full_path, found, scope, 200 if known else 404)
            if known and (link := preloads(path)):
                response.headers["link"] = link
            return response

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        codings = {part.partition(";")[0].strip() for part in accepted.split(",") if "q=0" not in part.replace(" ", "")}
        for coding, suffix in ENCODINGS:
            compressed = Path(f"{os.fspath(full_path)}{suffix}")
            # A neighbour that is older than its file was made of another one.
            if coding in codings and compressed.is_file() and compressed.stat().st_mtime >= stat_result.st_mtime:
                response = super().file_response(compressed, compressed.stat(), scope, status_code)
                media_type, _ = mimetypes.guess_type(full_path)
                response.headers["content-type"] = media_type or "application/octet-stream"
                response.headers["content-encoding"] = coding
                return response
        response = super().file_response(full_path, stat_result, scope, status_code)
        if stat_result.st_size < COMPRESSED_FROM:  # of larger ones the compressing middleware says it
            response.headers["vary"] = "Accept-Encoding"
        return response


def preloads(path: str) -> str:
    """The Link header of an address (RFC 8288): what its page asks for first, in the mode in which `fetch` asks."""
    page, _, number = path.partition("/")
    wanted = (address.format(number) for address in ASKED_FIRST.get(page, ()))
    return ", ".join(f"<{address}>; rel=preload; as=fetch; crossorigin=anonymous" for address in wanted)
