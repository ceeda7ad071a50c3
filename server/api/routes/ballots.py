"""Ballots: received here, counted on the chain."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from engine import encoding
from server.api.shared import Api, GameNumber, Shared
from server.api.views import clock
from server.model.game import Game
from server.store.ballots import BallotError, Receipt, capacity, check, voted

router = APIRouter()


class BallotBody(BaseModel):
    """A vote: the 64-byte signature (EIP-2098) is by the seat's vote key, of the contract's EIP-712 struct Ballot."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seat: int = Field(ge=0, lt=1 << 32)
    ply: int = Field(ge=0, lt=1 << 16)
    move: str = Field(pattern="^[a-h][1-8][a-h][1-8][nbrq]?$")
    signature: str = Field(pattern="^0x[0-9a-fA-F]{128}$")


class Taken(BaseModel):
    receipt: Receipt


@router.post("/api/games/{number}/ballots", status_code=202)
async def ballot(request: Request, api: Shared, number: GameNumber, body: BallotBody) -> Taken:
    """Takes a ballot: on disk when this answers, counted when it is on chain."""
    api.limit(api.posts, request)
    return Taken(receipt=await _take(api, number, body))


async def _take(api: Api, number: int, body: BallotBody) -> Receipt:
    """Takes a ballot. Raises BallotError."""
    keys, seat = api.keys, str(body.seat)
    async with api.redis.pipeline(transaction=False) as pipe:
        pipe.mget(keys.game(number), keys.relay, keys.head)
        pipe.hget(keys.seats(number), seat)
        pipe.hget(keys.voted(number), seat)
        (stored, relay, head), entry, vote = await pipe.execute()
    if stored is None:
        raise BallotError(404, "game", f"there is no game {number}")
    game = Game.model_validate_json(stored)
    holder = None if entry is None else json.loads(entry)
    signature = bytes.fromhex(body.signature[2:])
    ballot = check(api.typed, game, holder, body.seat, body.ply, body.move, signature)
    if not api.ballots.allow((number, seat)):
        raise BallotError(429, "often", f"seat {seat} sends too many ballots")
    if await api.redis.hexists(keys.ballots(number, ballot.ply, ballot.position), seat):
        return await api.box.put(ballot)  # which waits for the disk again: it may have failed the first time
    if vote is not None and vote.startswith(f"{game.ply}:"):
        raise voted(encoding.unpack_move(int(vote.partition(":")[2])).uci())
    now = clock(head)
    if now >= game.deadline - api.settings.ballot_margin:
        raise BallotError(409, "closed", "this vote is closed here; the contract itself may still take a ballot")
    if relay is None:
        raise BallotError(503, "relay", "no relay is at work; cast the ballot on chain, or try again soon")
    if relay:
        raise BallotError(503, "relay", f"{relay}; cast the ballot on chain")
    rank = holder["rank"] if holder is not None else None
    if rank is None or rank >= capacity(api.settings.relay_gas):
        raise BallotError(503, "budget", "the relay carries the heaviest seats only; cast the ballot on chain")
    return await api.box.put(ballot)
