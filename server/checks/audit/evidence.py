"""Checks a game's record and says what it proves: the facts that the replay may use.

Everything is tied to one hash, as `tied` says. What is not is listed as unchecked; what contradicts it ends the audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.chain.contracts import is_code_of
from server.checks.audit import events
from server.checks.audit.encoding import Header, created_address, decode_receipt
from server.checks.audit.events import Event
from server.checks.audit.record import Record
from server.checks.audit.tied import Tied, expect, findings

CREATED = ("Rules", "Quicknet")
"""The contracts that the game contract's constructor creates, in order."""


@dataclass(frozen=True)
class Facts:
    """What a record proves. `storage` holds words by slot, None without proofs."""

    chain_id: int
    contract: str
    game: int
    anchor: Header
    events: tuple[Event, ...]
    hashes: Mapping[int, bytes]
    code: Mapping[str, bytes]
    storage: Mapping[int, int] | None
    balance: int | None
    unchecked: tuple[str, ...]


def check(record: Record, anchor: str | None = None) -> Facts:
    """The facts of a record.

    `anchor` is the newest block's hash from a source of the auditor's own choice; without it the record's own is taken.
    Blocks that are not tied to it are listed as unchecked. Raises FindingError for the first thing that contradicts
    another.
    """
    with findings():
        return _Checker(record, anchor).facts()


class _Checker(Tied):
    def __init__(self, record: Record, anchor: str | None) -> None:
        super().__init__(record, anchor)
        self.game = int(record["game"])

    def facts(self) -> Facts:
        code, balance, storage = self.state()
        self.places()
        found = [event for entry in self.record["transactions"] for event in self._events(entry)]
        self._creation(code)
        self.unchecked += self.unchecked_blocks()
        return Facts(
            chain_id=int(self.record["chainId"]),
            contract=self.contract,
            game=self.game,
            anchor=self.anchor,
            events=tuple(found),
            hashes={number: header.hash for number, header in self.headers.items()},
            code=code,
            storage=storage,
            balance=balance,
            unchecked=tuple(dict.fromkeys(self.unchecked)),
        )

    # ---------------------------------------------------------------------------------------------------- transactions

    def _events(self, entry: Any) -> list[Event]:
        """The game's events in a transaction, each with the call that emitted it."""
        number, transaction = int(entry["block"]), self.transaction(entry)
        receipt = self.receipt(entry)
        model, book = self._registered()
        found = []
        for position, log in enumerate(receipt.logs):
            if not events.ours(log, self.contract, self.game, model, book):
                continue
            decoded = events.decode(log)
            assert decoded is not None
            name, args = decoded
            before = events.logs_before(receipt.logs, position, self.contract)
            call = events.direct_call(transaction, self.contract, name, before)
            if call is None and (told := entry["calls"].get(str(position))) is not None:
                call = events.call_of(told["from"], int(told["value"]), bytes.fromhex(told["input"][2:]), traced=True)
            found.append(Event(name, args, number, self.headers[number].time, call))
        return found

    def _registered(self) -> tuple[int | None, int | None]:
        """The numbers of the game's model and book, once its creation has been read."""
        if not hasattr(self, "terms"):
            self.terms = self._terms()
        return (None, None) if self.terms is None else (self.terms["model"], self.terms["book"])

    def _terms(self) -> Mapping[str, Any] | None:
        for entry in self.record["transactions"]:
            receipt = decode_receipt(bytes.fromhex(entry["receipt"]["raw"][2:]))
            for log in receipt.logs:
                if events.ours(log, self.contract, self.game, None, None):
                    decoded = events.decode(log)
                    if decoded is not None and decoded[0] == "GameCreated":
                        terms: Mapping[str, Any] = decoded[1]["terms"]
                        return terms
        return None

    # -------------------------------------------------------------------------------------------------------- creation

    def _creation(self, code: Mapping[str, bytes]) -> None:
        """Checks that the contract, what its constructor makes, and the constructor are this checkout's."""
        expect(
            is_code_of("Game", code[self.contract]),
            f"the code of the contract {self.contract} is not this checkout's",
        )
        for nonce, name in enumerate(CREATED, 1):
            made = created_address(self.contract, nonce)
            expect(
                bytes.fromhex(made[2:]) in code[self.contract] and is_code_of(name, code.get(made, b"")),
                f"the code of the {name.lower()} {made} is not this checkout's",
            )
        arguments = self.constructor("Game")
        expect(not arguments, "the contract was made by another constructor than this checkout's")
