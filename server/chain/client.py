"""The game contract on its chain: blocks, games as they stand, and their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from web3.exceptions import BlockNotFound
from web3.logs import DISCARD
from web3.types import TxReceipt

from server.chain import chains
from server.chain.contracts import game_contract, state_of
from server.chain.logs import Block, EventLog, block_of
from server.chain.node import Unreachable, connect
from server.model.game import Event, State, ballots
from server.model.position import Position
from server.settings import Settings, SettingsError

SUMMARIES = 100
"""Games asked for in one request."""


@dataclass(frozen=True)
class Summary:
    """What a relay or a worker needs of `IGame.Summary`."""

    state: State | None
    """None: there is no such game, and all else is zero."""
    position: Position
    repeated: bool
    deadline: int
    decidable_at: int
    draw_block: int
    draw_round: int
    world_pool: int
    fund: int
    """Wei left to pay for proofs."""


class Chain:
    """The game contract on its chain. Methods raise one of `Unreachable` when the node does not answer."""

    def __init__(self, rpc_url: str, contract: str, chain_id: int) -> None:
        self.w3 = connect(rpc_url)
        self.chain_id = chain_id
        self.contract = game_contract(self.w3, contract)
        self.log = EventLog(self.w3, self.contract, lambda args: "game" in args, _is_proven)

    @classmethod
    def connect(cls, settings: Settings) -> Chain:
        """The contract of the settings. Raises SettingsError for another chain or an address without code."""
        chains.check(settings)
        chain = cls(settings.rpc_url, settings.contract, settings.chain_id)
        try:
            chain_id, code = chain.w3.eth.chain_id, chain.w3.eth.get_code(chain.contract.address)
        except Unreachable as error:
            raise SettingsError(f"RPC_URL: no chain answers at {settings.rpc_url} ({type(error).__name__})") from None
        if chain_id != settings.chain_id:
            raise SettingsError(f"CHAIN_ID: {settings.chain_id}, but RPC_URL is chain {chain_id}")
        if not code:
            raise SettingsError(f"CONTRACT: there is no contract at {settings.contract} on this chain")
        return chain

    def head(self) -> Block:
        return block_of(self.w3.eth.get_block("latest"))

    def block(self, number: int) -> Block | None:
        """The block of this number; None if the chain is shorter."""
        try:
            return block_of(self.w3.eth.get_block(number))
        except BlockNotFound:
            return None

    def extends(self, number: int, digest: str, head: Block) -> bool:
        """Whether the chain that ends in `head` holds the block of this number and hash.

        Raises BlockNotFound if the node lags and does not have that block yet.
        """
        if head.number <= number:
            return head.number == number and head.hash == digest
        if head.number == number + 1:
            return head.parent == digest
        return block_of(self.w3.eth.get_block(number)).hash == digest

    def summary(self, game: int) -> Summary:
        """The game as it stands."""
        return _summary(self.contract.functions.summary(game).call())

    def summaries(self, games: Sequence[int]) -> dict[int, Summary]:
        """Games as they stand, in one request for each SUMMARIES of them."""
        found: dict[int, Summary] = {}
        for start in range(0, len(games), SUMMARIES):
            part = games[start : start + SUMMARIES]
            with self.w3.batch_requests() as batch:
                for game in part:
                    batch.add(self.contract.functions.summary(game))
                found |= dict(zip(part, map(_summary, batch.execute()), strict=True))
        return found

    def touched(self, first: int, last: Block) -> set[int]:
        """The games that have events in blocks first..last, `last` being the chain's newest block."""
        asked: list[dict[str, Any]] = [{"blockHash": last.hash}]
        if first < last.number:
            asked.append({"fromBlock": first, "toBlock": last.number - 1})
        logs = [
            log
            for where in asked
            for log in self.w3.eth.get_logs(cast(Any, {"address": self.contract.address, **where}))
        ]
        return {int.from_bytes(log["topics"][1], "big") for log in logs if len(log["topics"]) > 1}

    def ballots_counted(self, receipt: TxReceipt) -> set[int]:
        """The seats whose ballots a transaction counted."""
        counted: set[int] = set()
        for event in self.contract.events.BallotsCast().process_receipt(receipt, errors=DISCARD):
            counted |= {seat for seat, _ in ballots(event["args"]["ballots"])}
        return counted

    def voted(self, game: int, ply: int, first: int) -> set[int]:
        """The seats whose ballots were counted at a ply, by the events since block `first`."""
        topic = self.contract.events.BallotsCast().topic.removeprefix("0x")
        found = self.log.events(first, self.head().number, ["0x" + topic, _word(game), _word(ply)])
        return {seat for event in found for seat, _ in ballots(event.args["ballots"])}

    def events(self, first: int, last: int, game: int | None = None) -> Iterator[Event]:
        """The contract's events in blocks first..last, in order; of one game, or of all."""
        return self.log.events(first, last, _topics(game))

    def events_until(self, first: int, last: Block, game: int | None = None) -> Iterator[Event]:
        """The same for the chain that ends in `last`, which may be its newest block."""
        return self.log.events_until(first, last, _topics(game))


def _topics(game: int | None) -> list[str | None]:
    return [] if game is None else [None, _word(game)]


def _word(number: int) -> str:
    return "0x" + number.to_bytes(32, "big").hex()


def _is_proven(name: str, args: dict[str, Any]) -> bool:
    return name == "Moved" and int(args["payee"], 16) != 0


def _summary(found: Any) -> Summary:
    return Summary(
        state=state_of(found),
        position=Position(*found.position),
        repeated=found.repeated,
        deadline=found.deadline,
        decidable_at=found.decidableAt,
        draw_block=found.drawBlock,
        draw_round=found.drawRound,
        world_pool=found.worldPool,
        fund=found.fund,
    )
