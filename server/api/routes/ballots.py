"""Ballots: received here, counted on the chain."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from server.api.shared import GameNumber, Shared
from server.store.admission import BallotError, admit
from server.store.records import Receipt

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
    polls = await api.book.polls(number, body.seat)
    admitted = admit(
        polls,
        api.typed,
        number=number,
        seat=body.seat,
        ply=body.ply,
        uci=body.move,
        signature=bytes.fromhex(body.signature[2:]),
        margin=api.settings.ballot_margin,
    )
    if not api.ballots.allow((number, body.seat)):
        raise BallotError(429, "often", f"seat {body.seat} sends too many ballots")
    return Taken(receipt=await api.box.put(admitted))
