"""Log lines that one can search: a fixed event name, then key=value fields. Text or JSON, and never a secret."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from urllib.parse import unquote, urlsplit

request: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the HTTP request that is being answered."""
HIDDEN = "[hidden]"
"""What stands in a log line in place of a secret."""
SHORTEST_SECRET = 6
"""Shorter texts are not hidden: they would blot out ordinary words."""


class Line(str):
    """A log line as text, with its event and fields for whoever writes it in another form."""

    event: str
    fields: Mapping[str, object]


def line(event: str, /, **fields: object) -> Line:
    """A log line, such as `move_proven game=3 ply=12 seconds=2.31`. Values with spaces or quotes are JSON strings."""
    made = Line(" ".join([event, *(f"{key}={_text(value)}" for key, value in fields.items())]))
    made.event, made.fields = event, fields
    return made


def _text(value: object) -> str:
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    plain = text and text.isprintable() and not set(text) & set(" \"'=\\")
    return text if plain else json.dumps(text)


class TextFormat(logging.Formatter):
    """Time, level, module, line; secrets are blotted out, in tracebacks too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.secrets = sorted({text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        return self.blot(super().format(record))

    def blot(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


class JsonFormat(TextFormat):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, event, the line's fields, and perhaps an error."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        made: dict[str, object] = {"time": f"{stamp}.{int(record.msecs):03d}Z", "level": record.levelname.lower()}
        made |= {"logger": record.name}
        if (asked := request.get()) is not None:
            made["request"] = asked
        if isinstance(record.msg, Line):
            made |= {"event": record.msg.event, **record.msg.fields}
        else:
            made["event"] = record.getMessage()
        if record.exc_info:
            made["error"] = self.formatException(record.exc_info)
        return self.blot(json.dumps(made, default=str))


def configure(level: str, form: str, secrets: Iterable[str]) -> None:
    """Sends this process's log to stderr. `form`: text or json; `secrets`: what must not stand in it."""
    handler = logging.StreamHandler()
    handler.setFormatter((JsonFormat if form == "json" else TextFormat)(secrets))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def parts_to_hide(url: str) -> set[str]:
    """What of a URL is secret: its password, long parts of its path (access keys), its query's values."""
    split = urlsplit(url)
    found = {part for part in split.path.split("/") if len(part) >= 16}
    found |= {value for _, _, value in (pair.partition("=") for pair in split.query.split("&")) if value}
    if split.password:
        found |= {split.password, unquote(split.password)}
    return found if split.scheme != "unix" else set()
