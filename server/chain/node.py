"""A chain's node: how to reach it, what it raises when it is away, its logs."""

from __future__ import annotations

from collections.abc import Iterator

import requests
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3Exception

LOG_RANGE = 5_000
"""Blocks whose logs are asked for at once; public nodes answer no more."""
TIMEOUT = 30
"""Seconds to wait for an answer."""

Unreachable = (requests.RequestException, Web3Exception, OSError)
"""What a node that is down, or answers nonsense, raises."""


def connect(url: str) -> Web3:
    """A node. A call that nothing answers fails at once: whoever asked decides when to try again."""
    return Web3(HTTPProvider(url, request_kwargs={"timeout": TIMEOUT}, exception_retry_configuration=None))


def log_ranges(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Blocks first..last in pieces of at most LOG_RANGE: the first and the last block of each."""
    for start in range(first, last + 1, LOG_RANGE):
        yield start, min(start + LOG_RANGE - 1, last)
