"""What lies in Redis: each kind of record, with the only code that writes and reads its text.

Documents of games (`Game`, `Card`) are in `server.model.game`, `Progress` and `Thinking` in modules of their own. Which
name holds which record: `server.store.names`.
"""

from __future__ import annotations

import json
import time
from typing import Annotated, Literal, NamedTuple, Self, cast, get_args

import chess
from pydantic import BeforeValidator, Field, PlainSerializer

from engine.encoding import BITMAP_WORDS, pack_move, unpack_move
from server.model.frozen import Frozen, Wei
from server.model.game import Side

KEPT_SECONDS = 30 * 86_400
"""How long ballots, proofs and the gas spent on a ply are kept after their use: longer than any reorganisation."""


# --------------------------------------------------------------------------------------------- the read model's records


class Head(Frozen):
    """The newest block that the indexer has read."""

    number: int
    time: int
    """Its timestamp, in seconds of Unix time."""
    seen: float
    """Wall clock when it was read."""


def chain_time(head: Head | None) -> int:
    """The chain's clock, in seconds of Unix time: the newest block's timestamp and the time since it was read."""
    if head is None:
        return int(time.time())
    return int(head.time + max(time.time() - head.seen, 0))


class Cursor(NamedTuple):
    """What the read model holds: documents of a shape, with the events up to the last of some blocks."""

    shape: str
    blocks: list[tuple[int, str]]
    """Number and hash of each, the newest last."""

    def dump(self) -> str:
        return json.dumps([self.shape, self.blocks])

    @classmethod
    def load(cls, text: str | None) -> Cursor:
        shape, blocks = json.loads(text) if text is not None else ("", [])
        return cls(shape, [(number, digest) for number, digest in blocks])


class Seat(Frozen):
    """A seat of the World in a game."""

    account: str
    vote_key: str
    stake: Wei
    rank: int | None
    """Its place by stake, the heaviest 0, ties to the lower seat; None while the lobby is open."""


class Staker(Frozen):
    """What an account has in a game. `seat` and `vote_key` are the World's."""

    side: Side
    stake: Wei = 0
    seat: int | None = None
    vote_key: str | None = None


class CountedVote(NamedTuple):
    """The last ballot of a seat that the chain counted."""

    ply: int
    number: int
    """The move as the contract's number (engine.encoding.pack_move)."""

    @property
    def move(self) -> chess.Move:
        return unpack_move(self.number)

    def dump(self) -> str:
        return f"{self.ply}:{self.number}"

    @classmethod
    def load(cls, text: str | None) -> CountedVote | None:
        if text is None:
            return None
        ply, _, number = text.partition(":")
        return cls(int(ply), int(number))


# ------------------------------------------------------------------------------------------------ not yet on the chain

Trace = Annotated[str | None, Field(exclude_if=lambda trace: trace is None)]
"""A trace that is recorded, as server/tracing.py carries it."""


class Receipt(Frozen):
    """Received; counted when it is on chain. `relay`, the receipt key's address, signed the EIP-712 struct Receipt."""

    game: int
    seat: int
    ply: int
    move: str
    position: str
    received: int
    relay: str
    signature: str


class StoredBallot(Frozen):
    """A ballot received, with its receipt."""

    signature: str
    """The vote key's, of 64 bytes (EIP-2098), in hex without 0x."""
    receipt: Receipt
    trace: Trace = None
    """The trace that its POST began (server/tracing.py)."""

    def packed(self) -> bytes:
        """As castBallots takes it."""
        move = pack_move(chess.Move.from_uci(self.receipt.move))
        return pack_ballot(self.receipt.seat, move, bytes.fromhex(self.signature))


class Carriage(Frozen):
    """What the relay can carry of one vote's ballots, as it reckoned last. A ballot beyond that gets no receipt."""

    ply: int
    position_key: str
    carried: int
    """Ballots of this vote that the chain has counted."""
    rate: float
    """Further ballots a second."""
    last: int
    """The chain's time from which a ballot may come too late."""
    most: int
    """How many ballots the relay can pay for and carry in a whole vote: those of the heaviest seats."""

    def room(self, now: int) -> int:
        """How many ballots there may be in all, the counted ones included, if no more come after `now`."""
        return self.carried + int(self.rate * max(0, self.last - now))


BALLOT_BYTES = 70
"""Length of a ballot in a batch: 4 bytes of seat, 2 of move, 64 of signature."""


def pack_ballot(seat: int, move: int, signature: bytes) -> bytes:
    """A ballot as castBallots takes it, BALLOT_BYTES long."""
    return seat.to_bytes(4, "big") + move.to_bytes(2, "big") + signature


class StoredProof(Frozen):
    """A finished proof of the network's move, to be submitted. Words and bytes are 0x-prefixed hex."""

    move: str
    words: tuple[str, ...]
    """The public words: bitmap, board, context."""
    proof: str
    payee: str
    seconds: float
    """What the worker took."""
    trace: Trace = None
    """The trace of its making."""

    @property
    def bitmap(self) -> list[int]:
        """The moves at or above the threshold."""
        return [int(word, 16) for word in self.words[:BITMAP_WORDS]]


class StoredDecision(Frozen):
    """A finished proof of what the vault's network says of an hour. Words and bytes are 0x-prefixed hex."""

    bucket: int
    bitmap: tuple[str, ...]
    proof: str
    payee: str
    seconds: float
    """What the worker took."""


Kind = Literal["lobby", "begin", "draw", "cast", "close", "move"]
SENT: dict[Kind, str] = {
    "lobby": "lobby_close_sent",
    "begin": "begin_sent",
    "draw": "beacon_round_sent",
    "cast": "ballot_batch_sent",
    "close": "vote_close_sent",
    "move": "proven_move_sent",
}
"""Names of the log lines about what was sent."""


class Purpose(NamedTuple):
    """What a transaction of the relay is for. At most one is in flight for each purpose."""

    kind: Kind
    game: int
    ply: int | None = None
    seat: int | None = None
    """Of a batch of ballots: the seat of its first."""

    def __str__(self) -> str:
        return ":".join(str(part) for part in self if part is not None)

    @classmethod
    def parse(cls, text: str | Purpose) -> Purpose:
        """The purpose of a text that `str` made. Raises ValueError for any other text."""
        if isinstance(text, Purpose):
            return text
        kind, *numbers = text.split(":")
        if kind not in get_args(Kind) or not 1 <= len(numbers) <= 3:
            raise ValueError(f"{text!r} is not a purpose of a transaction")
        return cls(cast(Kind, kind), *(int(number) for number in numbers))

    def casts(self, game: int, ply: int) -> bool:
        """Whether the transaction carries ballots of this ply."""
        return self[:3] == ("cast", game, ply)


class Flight(Frozen):
    """A transaction sent and not yet settled. Prices in wei per gas."""

    purpose: Annotated[Purpose, BeforeValidator(Purpose.parse), PlainSerializer(str)]
    data: str
    gas: int
    fee: int
    tip: int
    at: float
    """Wall clock of its last sending."""
    begun: float = 0.0
    """Wall clock of its first sending."""
    block: int = 0
    """The newest block then."""
    hash: str = ""

    def changed(self, **changes: object) -> Self:
        return self.model_copy(update=changes)


# ------------------------------------------------------------------------------------------------------------- passing


class DecisionProgress(Frozen):
    """The proof of a vault's decision under way."""

    hour: int
    step: str
    fraction: float


class ProverInfo(Frozen):
    """What the last prover to start said of itself. Hashes are 0x-prefixed hex."""

    network_hash: str
    verifying_key_hash: str
    k: int
    insecure: bool
