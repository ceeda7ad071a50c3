"""A chain's node, or several of one chain: connection, fail-over, the errors of one that does not answer.

web3.py has no provider for several nodes. This one asks the first that is well, in the order given, and the next if it
does not answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from server.logline import line

log = logging.getLogger(__name__)

LOG_RANGE = 5_000
"""Blocks whose logs are asked for at once; public nodes answer no more."""
CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 15.0
"""How long to wait for an answer of the only node; of one of several SOONER_SECONDS."""
SOONER_SECONDS = 4.0
LOOK_SECONDS = 3.0
"""Time between two looks at every node, if there are several."""
REST_SECONDS = 5.0
"""How long a node that did not answer is asked last."""
STALE_SECONDS = 15.0
"""A node whose head stood still for so long, while another's moved, is stale."""
SLOW_SECONDS = 1.0
"""A node that took longer to say its head is asked after the others."""

Unreachable = (requests.RequestException, Web3Exception, OSError)
"""What a call raises if the node does not answer, or answers with an error or nonsense."""
T = TypeVar("T")


@dataclass
class Node:
    """One node, and what is known of its health. Times are of the monotonic clock."""

    provider: HTTPProvider
    rests_until: float = 0.0
    height: int = -1
    grew: float = field(default_factory=time.monotonic)
    """When its head moved last."""
    seconds: float = 0.0
    """What it took to say its head."""
    chain: int | None = None
    """Its chain id."""

    @property
    def name(self) -> str:
        """Its host: the rest of the address may hold a key."""
        return urlsplit(str(self.provider.endpoint_uri)).netloc.rpartition("@")[2]


class Nodes(JSONBaseProvider):
    """Several nodes of one chain as a provider of web3.

    A node is asked after the others while it rests after a fault, is slow, or its head stands still while another's
    moves; one of another chain than the first is not asked at all.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__()
        self.nodes = [Node(_provider(url, SOONER_SECONDS)) for url in urls]
        self.chosen: Node | None = None
        self._watch: threading.Thread | None = None
        self._lock = threading.Lock()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return self._ask(lambda provider: provider.make_request(method, params))

    def make_batch_request(self, batch_requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        return self._ask(lambda provider: provider.make_batch_request(batch_requests))

    def _ask(self, ask: Callable[[HTTPProvider], T]) -> T:
        self._begin_watch()
        fault: Exception | None = None
        for node in self.ranked():
            try:
                answer = ask(node.provider)
            except (*Unreachable, ValueError) as error:  # ValueError: what it said is no JSON
                node.rests_until = time.monotonic() + REST_SECONDS
                fault = error
                continue
            if node is not self.chosen:
                log.info(line("node_chosen", node=node.name, height=node.height))
                self.chosen = node
            return answer
        raise OSError(f"none of {len(self.nodes)} nodes answers: {fault}") from fault

    def ranked(self) -> list[Node]:
        """The nodes that may be asked, the best first."""
        now, latest = time.monotonic(), max(node.grew for node in self.nodes)

        def faults(node: Node) -> tuple[bool, bool, bool]:
            return now < node.rests_until, latest - node.grew > STALE_SECONDS, node.seconds > SLOW_SECONDS

        known = next((node.chain for node in self.nodes if node.chain is not None), None)
        return sorted((node for node in self.nodes if node.chain in (None, known)), key=faults)

    def _begin_watch(self) -> None:
        with self._lock:
            if self._watch is None:
                self._watch = threading.Thread(target=self._look_for_ever, name="nodes", daemon=True)
                self._watch.start()

    def _look_for_ever(self) -> None:
        while True:
            threads = [threading.Thread(target=self.look, args=(node,), daemon=True) for node in self.nodes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(CONNECT_SECONDS + SOONER_SECONDS)
            time.sleep(LOOK_SECONDS)

    def look(self, node: Node) -> None:
        """Asks a node for its head, and notes how it does."""
        began = time.monotonic()
        try:
            if node.chain is None:
                node.chain = int(node.provider.make_request(RPCEndpoint("eth_chainId"), [])["result"], 16)
            height = int(node.provider.make_request(RPCEndpoint("eth_blockNumber"), [])["result"], 16)
        except (*Unreachable, ValueError, KeyError, TypeError):
            node.rests_until = time.monotonic() + REST_SECONDS
            return
        node.seconds = time.monotonic() - began
        if height != node.height:
            node.height, node.grew = height, time.monotonic()


def _provider(url: str, seconds: float) -> HTTPProvider:
    kwargs = {"timeout": (CONNECT_SECONDS, seconds)}
    return HTTPProvider(url, request_kwargs=kwargs, exception_retry_configuration=None)


def connect(urls: str) -> Web3:
    """A client of a node, or of several by commas. It repeats no call on the same node; the caller decides when."""
    parts = urls.split(",")
    return Web3(_provider(urls, ANSWER_SECONDS) if len(parts) == 1 else Nodes(parts))


def first_of(urls: str) -> str:
    """The first node of a list."""
    return urls.split(",")[0]


def log_ranges(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Blocks first..last in pieces of at most LOG_RANGE: the first and the last block of each."""
    for start in range(first, last + 1, LOG_RANGE):
        yield start, min(start + LOG_RANGE - 1, last)
