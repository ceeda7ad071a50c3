"""A node that misbehaves on demand: a proxy before a real one, on the loopback interface."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import httpx

Mood = Literal["well", "slow", "dead", "stale", "lying", "lossy"]
SLOW_SECONDS = 2.0


class Node:
    """What the proxy does with a request.

    well: passes it on. slow: after SLOW_SECONDS. dead: hangs up. stale: its newest block stays what it was. lying: what
    a contract answers is all zeros. lossy: passes it on, and hangs up instead of answering, every other time.
    """

    def __init__(self, url: str, delay: float = 0.0) -> None:
        self.url = url
        self.delay = delay
        """Seconds before each answer."""
        self.mood: Mood = "well"
        self.head: str | None = None
        self.calls = 0
        """JSON-RPC calls asked for, those of a batch each."""
        self.requests = 0
        self.port = 0
        self.client = httpx.Client(timeout=60, trust_env=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set(self, mood: Mood) -> None:
        if mood == "stale":
            answer = self.client.post(self.url, json=_call("eth_blockNumber", [])).json()
            self.head = str(answer["result"])
        self.mood = mood

    def answer(self, body: bytes) -> bytes | None:
        """The answer to a request; None: the connection is to be closed without one."""
        asked: Any = json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        self.requests += 1
        self.calls += len(calls)
        mood = self.mood
        time.sleep(self.delay + (SLOW_SECONDS if mood == "slow" else 0.0))
        if mood == "dead":
            return None
        if mood == "stale":
            for call in calls:
                _turn_back(call, str(self.head))
            if len(calls) == 1 and calls[0]["method"] == "eth_blockNumber":
                return json.dumps({"jsonrpc": "2.0", "id": calls[0]["id"], "result": self.head}).encode()
        content = self.client.post(self.url, json=asked).content
        if mood == "lossy" and self.requests % 2:
            return None
        if mood == "lying":
            answers = json.loads(content)
            for call, each in zip(calls, answers if isinstance(answers, list) else [answers], strict=True):
                if call["method"] == "eth_call" and "result" in each:
                    each["result"] = "0x" + "0" * (len(each["result"]) - 2)
            content = json.dumps(answers).encode()
        return content


def _call(method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def _turn_back(call: dict[str, Any], head: str) -> None:
    """Makes a call see the chain as of `head`."""
    call["params"] = [head if each in ("latest", "pending") else each for each in call["params"]]


@contextmanager
def bad_node(url: str, delay: float = 0.0) -> Iterator[Node]:
    """A node before the one at `url`, in threads of this process."""
    node = Node(url, delay)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                answer = node.answer(self.rfile.read(int(self.headers["Content-Length"])))
            except (OSError, ValueError, httpx.HTTPError):
                answer = None
            if answer is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # the other side hung up

    server = Server(("127.0.0.1", 0), Handler)
    node.port = int(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        node.client.close()
