"""`proofmate streams`: the streams of games alone, so that acknowledging ballots never waits for fan-out.

A reverse proxy sends `/api/v1/games/*/stream` here. It holds no key.
"""

from __future__ import annotations

from server.api import serve
from server.settings import Settings


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT."""
    serve.run(settings, streams_only=True)
