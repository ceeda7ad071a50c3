"""The end of a trace: the transaction that brings a ballot or a proof to the chain, as the relay saw it."""

from __future__ import annotations

import time
from collections.abc import Iterable

from web3.types import TxReceipt

from server import tracing
from server.store.records import Flight, Purpose


class Traces:
    """The traces of proofs in flight. Those of ballots are in their boxes."""

    def __init__(self) -> None:
        self.proofs: dict[Purpose, str] = {}

    def sent(self, purpose: Purpose, trace: str | None) -> None:
        """A proof was sent that may have a trace."""
        if trace is not None:
            self.proofs[purpose] = trace

    def mined(self, flight: Flight, receipt: TxReceipt, ballots: Iterable[str]) -> None:
        """A span in each trace that the transaction ends, from its first sending until now; `ballots` are theirs."""
        purpose = flight.purpose
        proof = self.proofs.pop(purpose, None)
        done: dict[str, str | int | float | bool] = {
            "tx": flight.hash,
            "block": receipt["blockNumber"],
            "ok": receipt["status"] == 1,
        }
        for trace in [*ballots, *([] if proof is None else [proof])]:
            tracing.record(f"relay.{purpose.kind}", trace, flight.begun, time.time(), game=purpose.game, **done)
