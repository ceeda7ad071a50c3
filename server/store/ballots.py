"""Ballots: checked as the contract will check them, and on disk before they are acknowledged."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import chess
from eth_account import Account
from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from engine.encoding import pack_move
from server.model.game import Game, Record
from server.store.keys import Keys

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: a signature's s is at most this (EIP-2)."""
BALLOT_GAS = 16_000
"""Gas of a ballot in a full batch, calldata and its share of the transaction included (measured: 13k)."""
BALLOT_BYTES = 70
"""Length of a ballot in a batch."""
DISK_TIMEOUT = 5_000
"""Milliseconds to wait for the disk."""
KEPT = 30 * 86_400
"""Seconds after the end of a vote until its ballots are forgotten: longer than any reorganisation."""


def capacity(relay_gas: int) -> int:
    """How many seats a ply the relay carries, the heaviest: half the gas goes to full batches, half to being prompt."""
    return relay_gas // 2 // BALLOT_GAS


class BallotError(Exception):
    """Why a ballot is not taken."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


class Receipt(Record):
    """Received; counted when it is on chain. The signature is the relay's, of the EIP-712 struct Receipt."""

    game: int
    seat: int
    ply: int
    move: str
    position: str
    received: int
    relay: str
    signature: str


@dataclass(frozen=True)
class Ballot:
    """A ballot that the contract would count."""

    game: int
    seat: int
    ply: int
    move: chess.Move
    position: str
    signature: bytes
    deadline: int
    """When the vote ends."""


def pack_ballot(seat: int, move: int, signature: bytes) -> bytes:
    """A ballot as castBallots takes it, BALLOT_BYTES long."""
    return seat.to_bytes(4, "big") + move.to_bytes(2, "big") + signature


class Typed:
    """EIP-712 digests in a game contract's domain."""

    BALLOT = keccak(b"Ballot(uint256 game,uint16 ply,uint16 move,bytes32 position)")
    RECEIPT = keccak(b"Receipt(uint256 game,uint32 seat,uint16 ply,uint16 move,bytes32 position,uint64 received)")

    def __init__(self, chain_id: int, contract: str) -> None:
        kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        self.domain = keccak(
            kind + keccak(b"Proofmate") + keccak(b"1") + _word(chain_id) + bytes.fromhex(contract[2:]).rjust(32, b"\0")
        )

    def ballot(self, game: int, ply: int, move: int, position: str) -> bytes:
        """The digest that a seat's vote key signs; `ballotDigest` of the contract."""
        return self._digest(self.BALLOT, game, ply, move, int(position, 16))

    def receipt(self, game: int, seat: int, ply: int, move: int, position: str, received: int) -> bytes:
        return self._digest(self.RECEIPT, game, seat, ply, move, int(position, 16), received)

    def _digest(self, kind: bytes, *values: int) -> bytes:
        return keccak(b"\x19\x01" + self.domain + keccak(kind + b"".join(map(_word, values))))


def recover(digest: bytes, compact: bytes) -> str | None:
    """The address that made a 64-byte signature (EIP-2098), lower-case; None if it is none or its s is high."""
    r, vs = compact[:32], int.from_bytes(compact[32:], "big")
    parity, s = vs >> 255, vs & (1 << 255) - 1
    if s > HALF_ORDER:
        return None
    try:
        signature = Signature(vrs=(parity, int.from_bytes(r, "big"), s))
        return signature.recover_public_key_from_msg_hash(digest).to_address()
    except (BadSignature, ValidationError):
        return None


def compact(signature: Any) -> bytes:
    """The 64 bytes of an eth_account signature."""
    return _word(signature.r) + _word(signature.s | (signature.v - 27) << 255)


def check(
    typed: Typed, game: Game, seat: Mapping[str, Any] | None, number: int, ply: int, uci: str, signature: bytes
) -> Ballot:
    """The ballot, if it would count now; clocks and earlier ballots aside. Raises BallotError."""
    if seat is None:
        raise BallotError(404, "seat", f"game {game.id} has no seat {number}")
    if game.state != "vote" or game.fen is None or game.position_key is None:
        raise BallotError(409, "not-voting", "the World is not voting now")
    if ply != game.ply:
        raise BallotError(409, "wrong-ply", f"the vote is on ply {game.ply}, not {ply}")
    try:
        move = chess.Move.from_uci(uci)
        legal = chess.Board(game.fen).is_legal(move)
    except ValueError:
        legal = False
    if not legal:
        raise BallotError(422, "illegal", f"{uci!r} is not a legal move in this position")
    digest = typed.ballot(game.id, ply, pack_move(move), game.position_key)
    if recover(digest, signature) != seat["voteKey"].lower():
        raise BallotError(422, "signature", f"the signature is not by the vote key of seat {number}")
    return Ballot(game.id, number, ply, move, game.position_key, signature, game.deadline)


class BallotBox:
    """Keeps ballots in Redis and signs receipts. Ballots that arrive while the disk is busy share its next write."""

    def __init__(self, redis: Redis, keys: Keys, typed: Typed, relay_key: str) -> None:
        self.redis = redis
        self.keys = keys
        self.typed = typed
        self.relay = Account.from_key(relay_key)
        self._waiting: list[tuple[Ballot, asyncio.Future[Receipt]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, ballot: Ballot) -> Receipt:
        """The receipt, once the ballot is on disk; the first receipt if it was there already.

        Raises BallotError if the seat voted otherwise on this ply, or nothing reaches the disk.
        """
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((ballot, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await asyncio.shield(future)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                kept = await self._store([ballot for ballot, _ in batch])
            except Exception as error:
                problem = BallotError(503, "disk", "ballots cannot be kept safely now; try again soon")
                problem.__cause__ = error
                for _, future in batch:
                    future.set_exception(problem)
                    future.exception()
                continue
            for (ballot, future), receipt in zip(batch, kept, strict=True):
                if receipt.move == ballot.move.uci():
                    future.set_result(receipt)
                else:
                    future.set_exception(voted(receipt.move))
                    future.exception()

    async def _store(self, ballots: list[Ballot]) -> list[Receipt]:
        names: dict[str, int] = {}
        async with self.redis.pipeline(transaction=False) as pipe:
            for ballot in ballots:
                name = self.keys.ballots(ballot.game, ballot.ply, ballot.position)
                entry = {
                    "signature": ballot.signature.hex(),
                    "receipt": self._receipt(ballot).model_dump(by_alias=True),
                }
                pipe.hsetnx(name, str(ballot.seat), json.dumps(entry))
                pipe.hget(name, str(ballot.seat))
                names[name] = ballot.deadline
            for name, deadline in names.items():
                pipe.expireat(name, deadline + KEPT)
            for game in {ballot.game for ballot in ballots}:
                pipe.incr(self.keys.version(game))
                pipe.publish(self.keys.changes, str(game))
            pipe.publish(self.keys.wake, "ballots")
            # This waits for all before this connection's last write, INCR: for a ballot that was there already, too.
            pipe.execute_command("WAITAOF", 1, 0, DISK_TIMEOUT)
            replies = await pipe.execute()
        if replies[-1][0] < 1:
            raise RedisError("the disk does not answer")
        return [Receipt.model_validate(json.loads(reply)["receipt"]) for reply in replies[1 : 2 * len(ballots) : 2]]

    def _receipt(self, ballot: Ballot) -> Receipt:
        received = int(time.time())
        digest = self.typed.receipt(
            ballot.game, ballot.seat, ballot.ply, pack_move(ballot.move), ballot.position, received
        )
        signed = self.relay.unsafe_sign_hash(digest)
        return Receipt(
            game=ballot.game,
            seat=ballot.seat,
            ply=ballot.ply,
            move=ballot.move.uci(),
            position=ballot.position,
            received=received,
            relay=self.relay.address,
            signature="0x" + compact(signed).hex(),
        )


def voted(uci: str) -> BallotError:
    return BallotError(409, "voted", f"this seat has voted {uci} on this ply; a ballot is final")


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
