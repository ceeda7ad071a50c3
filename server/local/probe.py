"""Whether something answers: ports, a chain's JSON-RPC, a page, Redis."""

from __future__ import annotations

import functools
import socket
import time
from typing import Any

import httpx
import redis

from server.settings import SettingsError


def await_free_port(setting: str, host: str, port: int) -> None:
    """Waits up to two seconds for a port to be free, because a process that was just killed may still hold it.

    Raises SettingsError if it stays taken; `setting` names the port in the message.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for remaining in range(20, -1, -1):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except PermissionError:
                raise SettingsError(f"{setting}: {port} is not for this user to open; set {setting}") from None
            except OSError as error:
                if not remaining:
                    reason = error.strerror or "refused"
                    raise SettingsError(
                        f"{setting}: {host}:{port} is taken ({reason}); set {setting} to another"
                    ) from None
        time.sleep(0.1)


def unused_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@functools.cache
def _http() -> httpx.Client:
    """One client for all calls, because making it takes longer than a call. Connections are not kept."""
    return httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))


def rpc(url: str, method: str, *parameters: Any, seconds: float = 30.0) -> Any:
    """One JSON-RPC call. Raises httpx.HTTPError if nothing answers in time, ValueError with the message of an error."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    answer = _http().post(url, json=request, timeout=seconds).raise_for_status().json()
    if "error" in answer:
        raise ValueError(f"{method}: {answer['error'].get('message')}")
    return answer["result"]


def rpc_answers(url: str) -> bool:
    """Whether a chain answers."""
    try:
        return bool(rpc(url, "eth_chainId"))
    except (httpx.HTTPError, ValueError):
        return False


def trouble(url: str) -> str | None:
    """The `detail` of a URL's error answer, empty if nothing answers; None if it answers with success."""
    try:
        answer = _http().get(url)
        return None if answer.is_success else str(answer.json().get("detail"))
    except (httpx.HTTPError, ValueError):
        return ""


def redis_answers(url: str) -> bool:
    """Whether a Redis answers and has loaded its data."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
