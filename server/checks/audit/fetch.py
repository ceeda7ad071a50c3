"""Asks nodes for everything that an audit of a game reads, and makes one record of it. `evidence` checks the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexbytes import HexBytes
from web3 import Web3

from server.checks.audit import events
from server.checks.audit.encoding import (
    Log,
    Receipt,
    Transaction,
    created_address,
    decode_receipt,
    decode_transaction,
)
from server.checks.audit.events import Event
from server.checks.audit.evidence import CREATED
from server.checks.audit.layout import Layout
from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import Reader, answers
from server.checks.audit.record import Record
from server.checks.audit.state import references
from server.settings import SettingsError


def fetch(
    nodes: Sequence[Node],
    contract: str,
    game: int,
    start_block: int,
    anchor: str | None = None,
    show: bool = False,
) -> Record:
    """A record of the game, read from the first node. `show`: the progress of what takes long, on stderr.

    `anchor` is the hash of the newest block to look at. Without it, all nodes must agree on a finalized one (on local
    chains: the newest). Raises SettingsError if there is no such game, NodeError if a node does not answer as it
    should, DisagreementError if nodes contradict each other.
    """
    with answers():
        return _Fetcher(nodes, Web3.to_checksum_address(contract), start_block, anchor, show).record(game)


class _Fetcher(Reader):
    def record(self, game: int) -> Record:
        """All of a game."""
        self.game = game
        transactions, found = [], []
        for entry, transaction, receipt in self.transactions(self._game_logs()):
            entry["calls"], decoded = self._calls(decode_transaction(transaction), decode_receipt(receipt))
            transactions.append(entry)
            found += decoded
        creation = self.creation()
        for event in found:
            if event.name == "DrawFixed" and event.args["drawBlock"] <= self.number:
                self.header(event.args["drawBlock"])
        accounts, storage = self._state(found)
        return self.tied_record(
            game=game, transactions=transactions, creation=creation, accounts=accounts, storage=storage
        )

    # ------------------------------------------------------------------------------------------------------------ logs

    def _game_logs(self) -> list[Any]:
        topics = events.topics()
        apart = (*events.REGISTRY, *events.PERSONAL)
        number = events.topic_of(self.game)
        own = self.logs([topic for name, topic in topics.items() if name not in apart], [number])
        created = next((log for log in own if log["topics"][0] == topics["GameCreated"]), None)
        if created is None:
            raise SettingsError(
                f"there is no game {self.game} at {self.contract} from block {self.start} to {self.number} "
                "(CONTRACT, START_BLOCK)"
            )
        decoded = events.decode(_log(created))
        assert decoded is not None
        self.terms = decoded[1]["terms"]
        accounts = sorted({log["topics"][2] for log in own if log["topics"][0] == topics["Claimed"]})
        return (
            self.logs([topics["ModelAdded"]], [events.topic_of(self.terms["model"])])
            + self.logs([topics["BookAdded"]], [events.topic_of(self.terms["book"])])
            + self.logs([topics[name] for name in events.PERSONAL], accounts)
            + own
        )

    def _calls(self, transaction: Transaction, receipt: Receipt) -> tuple[Record, list[Event]]:
        """What traces say of the calls within a transaction, by the log's position; and the game's events in it."""
        calls, found, trace = {}, [], None
        for position, log in enumerate(receipt.logs):
            if not events.ours(log, self.contract, self.game, self.terms["model"], self.terms["book"]):
                continue
            decoded = events.decode(log)
            assert decoded is not None
            found.append(Event(*decoded, block=0, time=0))
            before = events.logs_before(receipt.logs, position, self.contract)
            if events.direct_call(transaction, self.contract, decoded[0], before) is None:
                trace = self._trace(transaction) if trace is None else trace
                if (call := _inner_call(trace, self.contract, log)) is not None:
                    calls[str(position)] = call
        return calls, found

    def _trace(self, transaction: Transaction) -> Any:
        options = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
        try:
            return self.node.ask("debug_traceTransaction", "0x" + transaction.hash.hex(), options) or {}
        except NodeError:  # not offered, or nested too deep to be read
            return {}

    def _state(self, found: Sequence[Event]) -> tuple[Record, Record | None]:
        """The accounts that the game relies on, and what the contract's storage holds of it."""
        layout = Layout.of_game()
        slots = [slot for reference in references(self.game, found) for slot in layout.slots(*reference)]
        addresses = [self.contract, *(created_address(self.contract, nonce) for nonce in range(1, len(CREATED) + 1))]
        addresses += [event.args[name] for event in found for name in ("verifier", "pointer") if name in event.args]
        return self.state(addresses, slots)


def _log(source: Any) -> Log:
    """A log from its JSON."""
    topics = tuple(bytes(HexBytes(topic)) for topic in source["topics"])
    return Log(Web3.to_checksum_address(source["address"]), topics, bytes(HexBytes(source["data"])))


def _inner_call(trace: Any, contract: str, log: Log) -> Record | None:
    """Finds in a trace the call of the contract that emitted a log."""
    frames: list[Any] = [trace]
    while frames:
        frame = frames.pop()
        if "error" in frame:  # reverted, with all that is in it
            continue
        to_contract = frame.get("type") == "CALL" and HexBytes(frame["to"]) == HexBytes(contract)
        if to_contract and any(_log(inner) == log for inner in frame.get("logs", ())):
            sender = Web3.to_checksum_address(frame["from"])
            return {"from": sender, "value": int(frame.get("value", "0x0"), 16), "input": frame["input"]}
        frames += frame.get("calls", ())
    return None
