"""The page's files and addresses."""

from __future__ import annotations

import gzip
import os
import re

import pytest

from tests.server.table import Table, serve

HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def built(table: Table) -> Table:
    folder = table.settings.frontend
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "a.js").write_text("plain")
    (folder / "assets" / "a.js.gz").write_bytes(gzip.compress(b"plain"))
    (folder / "assets" / "a.js.br").write_bytes(b"as brotli")
    return table


def test_the_page_has_addresses(built: Table) -> None:
    with serve(built) as client:
        for path, status in (
            *(("/", 200), ("/game/0", 200), ("/game/12", 200), ("/games", 200)),
            *(("/game", 404), ("/game/x", 404), ("/game/01", 404), ("/game/1/2", 404), ("/nothing", 404)),
        ):
            answer = client.get(path, headers=HTML)
            assert (answer.status_code, answer.text) == (status, "<!doctype html>"), path
            assert answer.headers["cache-control"] == "no-cache"
        # A script or a picture that is not there is no page.
        assert client.get("/game/0", headers={"accept": "image/*"}).status_code == 404
        assert "doctype" not in client.get("/assets/none.js", headers={"accept": "*/*"}).text
        assert client.get("/api/none", headers=HTML).status_code == 404
        assert client.get("/%2e%2e/%2e%2e/etc/passwd", headers=HTML).text == "<!doctype html>"


def test_a_browser_may_fetch_what_the_page_asks_for_first(built: Table) -> None:
    with serve(built) as client:

        def preloaded(path: str) -> list[str]:
            link = client.get(path, headers=HTML).headers.get("link", "")
            return re.findall("<([^>]+)>; rel=preload; as=fetch", link)

        assert preloaded("/") == ["/api/v1/games", "/api/v1/config"]
        assert preloaded("/game/12") == ["/api/v1/games/12?first", "/api/v1/config"]
        for path in ("/games", "/glossary", "/nothing", "/game/1>;x", "/game/%0d%0aa"):
            assert preloaded(path) == [], path


def test_compressed_neighbours_are_sent_to_who_takes_them(built: Table) -> None:
    with serve(built) as client:
        plain = client.get("/assets/a.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers and plain.headers["vary"] == "Accept-Encoding"
        packed = client.get("/assets/a.js", headers={"accept-encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip" and packed.text == "plain"
        assert packed.headers["content-type"].startswith("text/javascript")
        assert "immutable" in packed.headers["cache-control"]

        def coding(accepted: str) -> str | None:
            with client.stream("GET", "/assets/a.js", headers={"accept-encoding": accepted}) as answer:
                return answer.headers.get("content-encoding")

        assert coding("gzip, deflate, br") == "br" and coding("gzip, br;q=0") == "gzip"
        again = {"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]}
        assert client.get("/assets/a.js", headers=again).status_code == 304
        # A neighbour that is older than its file was made of another one.
        os.utime(built.settings.frontend / "assets" / "a.js.br", (1, 1))
        assert coding("br, gzip") == "gzip"
