"""The operator's port of a process: /livez, /readyz, /metrics. Not for the public; by default on this machine only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import prometheus_client as prometheus

from server.settings import Settings, SettingsError

STALLED_SECONDS = 120.0
"""A loop that has not turned for so long counts as dead: longer than any call of a step may wait for an answer."""

Trouble = Callable[[], "str | None"]
"""What is wrong now, a sentence; None: nothing."""


class Pulse:
    """What a process's loop says of itself."""

    def __init__(self) -> None:
        self.turned = time.monotonic()
        self.waits_for: str | None = "it has not begun"

    def beat(self, waits_for: str | None = None) -> None:
        """A turn of the loop ended: well, or waiting for something."""
        self.turned, self.waits_for = time.monotonic(), waits_for

    def stalled(self) -> str | None:
        """Why the process should be restarted."""
        silent = time.monotonic() - self.turned
        return f"its loop has not turned for {silent:.0f} seconds" if silent > STALLED_SECONDS else None

    def trouble(self) -> str | None:
        """Why it cannot work now."""
        return self.stalled() or self.waits_for


PULSE = Pulse()
"""This process's."""


@contextmanager
def operator_port(
    settings: Settings, live: Trouble = PULSE.stalled, ready: Trouble = PULSE.trouble
) -> Iterator[int | None]:
    """Serves the operator's port, if OPERATOR_PORT is set, while the context lasts; yields the port.

    Raises SettingsError if it is taken.
    """
    if settings.operator_port is None:
        yield None
        return

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, prometheus.generate_latest(), prometheus.CONTENT_TYPE_LATEST)
            elif path in ("/livez", "/readyz"):
                trouble = (live if path == "/livez" else ready)()
                self._answer(200 if trouble is None else 503, (trouble or "ok").encode() + b"\n", "text/plain")
            else:
                self._answer(404, b"/livez, /readyz, /metrics\n", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds; they are not logged."""

    try:
        server = ThreadingHTTPServer((settings.operator_host, settings.operator_port), Handler)
    except OSError as error:
        where = f"{settings.operator_host}:{settings.operator_port}"
        raise SettingsError(f"OPERATOR_PORT: {where} cannot be served ({error.strerror})") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
