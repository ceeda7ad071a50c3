"""Checks a vault's record and says what it proves: the facts that its replay may use.

Everything is tied to one block hash, as `server.checks.audit.tied` says. Terms come from the transaction that created
the vault, boundaries of hours and holdings from its storage, events and calls from receipts and transactions.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3Exception

from engine.rockefeller.hours import HOUR
from server.chain.contracts import artifact, is_code_of
from server.chain.vault import vault_abi, window
from server.checks.audit.encoding import Header, Log, Transaction
from server.checks.audit.events import arguments_of
from server.checks.audit.layout import Layout
from server.checks.audit.record import Record
from server.checks.audit.tied import FindingError, Tied, findings
from server.local.vault import HOUR_SECONDS, KIND
from server.settings import LOCAL_CHAINS

EVENTS = ("Deposited", "Redeemed", "Decided")
"""What is replayed. Hours are read from the storage."""
TERMS = ("factory", "base", "quote", "fee", "verifier", "networkHash", "rewardBasisPoints", "rewardCap")
"""Fields of IRockefeller.Terms, in order."""
CONSTRUCTOR = ("(address,address,address,uint24,address,bytes32,uint256,uint256)", "bytes")
LANES, LANE_BITS, KNOWN, SUM_BITS = 4, 64, 1 << 63, 56
"""How a word of the storage holds boundaries: `Hours._boundaries`."""


@dataclass(frozen=True)
class Event:
    """An event with its block's number and time. `arguments` of the call of `decide`, if the transaction is that."""

    name: str
    args: Mapping[str, Any]
    block: int
    time: int
    arguments: Mapping[str, Any] | None


@dataclass(frozen=True)
class Facts:
    """What a record proves of a vault. `seconds`: of its hours. `boundaries`: the recorded ones that decisions needed.

    `boundaries`, `holdings`, `shares` and `decided_hour` are None if the node made no proofs of the storage.
    """

    chain_id: int
    vault: str
    anchor: Header
    seconds: int
    terms: Mapping[str, Any]
    verifier_code: bytes
    events: tuple[Event, ...]
    boundaries: Mapping[int, int] | None
    holdings: tuple[int, int] | None
    shares: int | None
    decided_hour: int | None
    unchecked: tuple[str, ...]

    @property
    def base_is_token0(self) -> bool:
        return int(self.terms["base"], 16) < int(self.terms["quote"], 16)


def kinds(chain_id: int) -> Mapping[str, int]:
    """The contracts that are vaults on a chain, and the seconds of their hours."""
    return {"Rockefeller": HOUR, **({KIND: HOUR_SECONDS} if chain_id in LOCAL_CHAINS else {})}


def terms_of(arguments: bytes) -> dict[str, Any]:
    """The terms in what the constructor was given. Raises ValueError."""
    try:
        values, _ = decode(CONSTRUCTOR, arguments)
    except DecodingError as error:
        raise ValueError(f"the constructor's arguments are none ({error})") from None
    return dict(zip(TERMS, values, strict=True))


def created_with(data: bytes, chain_id: int) -> dict[str, Any] | None:
    """The terms in the input of the transaction that created a vault; None if it created something else."""
    for kind in kinds(chain_id):
        code = bytes(HexBytes(artifact(kind)["bytecode"]["object"]))
        if data.startswith(code):
            return terms_of(data[len(code) :])
    return None


@functools.cache
def interface() -> Any:
    """A vault's interface, of no chain."""
    return Web3().eth.contract(abi=vault_abi())


@functools.cache
def topics() -> Mapping[str, str]:
    """The first topic of each event that is replayed, by name."""
    return {event().event_name: event().topic for event in interface().events if event().event_name in EVENTS}


def slots(hours: Iterable[int]) -> list[int]:
    """Where the storage holds what an audit reads, given the hours that were decided."""
    layout = Layout.of("Rockefeller")
    words = {boundary // LANES for hour in hours for boundary in window(hour)}
    plain = [layout.slots(name)[0] for name in ("_base", "_quote", "_totalSupply", "decidedHour")]
    return plain + [layout.slots("_boundaries", word)[0] for word in sorted(words)]


def check(record: Record, anchor: str | None = None) -> Facts:
    """The facts of a record; `anchor` as for a game's. Raises FindingError for what contradicts another."""
    with findings():
        return _Checker(record, anchor).facts()


class _Checker(Tied):
    def facts(self) -> Facts:
        chain_id = int(self.record["chainId"])
        code, _, storage = self.state()
        own = code[self.contract]
        kind = next((kind for kind in kinds(chain_id) if is_code_of(kind, own)), None)
        if kind is None:
            raise FindingError(f"the code at {self.contract} is not this checkout's vault")
        arguments = self.constructor(kind)
        if arguments is None:
            raise FindingError("the record lacks the transaction that created the vault")
        terms = terms_of(arguments)
        verifier = Web3.to_checksum_address(terms["verifier"])
        self.places()
        found = [event for entry in self.record["transactions"] for event in self._events(entry)]
        self.unchecked += self.unchecked_blocks()
        boundaries = holdings = shares = decided = None
        if storage is not None:
            layout = Layout.of("Rockefeller")
            base, quote, shares, decided = (
                layout.read(name, words=storage) for name in ("_base", "_quote", "_totalSupply", "decidedHour")
            )
            holdings = (base, quote)
            boundaries = self._boundaries(layout, storage, [e.args["hour"] for e in found if e.name == "Decided"])
        return Facts(
            chain_id=chain_id,
            vault=self.contract,
            anchor=self.anchor,
            seconds=kinds(chain_id)[kind],
            terms=terms,
            verifier_code=code[verifier],
            events=tuple(found),
            boundaries=boundaries,
            holdings=holdings,
            shares=shares,
            decided_hour=decided,
            unchecked=tuple(dict.fromkeys(self.unchecked)),
        )

    def _boundaries(self, layout: Layout, storage: Mapping[int, int], decided: Sequence[int]) -> dict[int, int]:
        known = {}
        for hour in sorted({boundary for last in decided for boundary in window(last)}):
            word = layout.read("_boundaries", hour // LANES, words=storage)
            lane = word >> LANE_BITS * (hour % LANES) & (1 << LANE_BITS) - 1
            if lane & KNOWN:
                tick_sum = lane & (1 << SUM_BITS) - 1
                known[hour] = tick_sum - (tick_sum >> SUM_BITS - 1 << SUM_BITS)
        return known

    def _events(self, entry: Any) -> list[Event]:
        number, transaction, receipt = int(entry["block"]), self.transaction(entry), self.receipt(entry)
        call = self._decide(transaction)
        found = []
        for log in receipt.logs:
            decoded = self._decoded(log)
            if decoded is not None:
                found.append(Event(*decoded, number, self.headers[number].time, call))
        return found

    def _decoded(self, log: Log) -> tuple[str, Mapping[str, Any]] | None:
        names = {bytes(HexBytes(topic)): name for name, topic in topics().items()}
        name = names.get(log.topics[0]) if log.topics and log.address == self.contract else None
        if name is None:
            return None
        return name, arguments_of(interface(), name, log)

    def _decide(self, transaction: Transaction) -> Mapping[str, Any] | None:
        """The arguments of `decide`, if a transaction is a call of it."""
        if transaction.to != self.contract:
            return None
        try:
            function, arguments = interface().decode_function_input(HexBytes(transaction.data))
        except (ValueError, Web3Exception, DecodingError):
            return None
        return dict(arguments) if function.fn_name == "decide" else None
