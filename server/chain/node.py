"""A chain's node: connection, the errors of one that does not answer, ranges of logs."""

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
"""What a call raises if the node does not answer, or answers with an error or nonsense."""


def connect(url: str) -> Web3:
    """A client of a node. It does not repeat a call that failed; the caller decides when to try again."""
    return Web3(HTTPProvider(url, request_kwargs={"timeout": TIMEOUT}, exception_retry_configuration=None))


def log_ranges(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Blocks first..last in pieces of at most LOG_RANGE: the first and the last block of each."""
    for start in range(first, last + 1, LOG_RANGE):
        yield start, min(start + LOG_RANGE - 1, last)
