"""Ballots: received here, counted on the chain."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from server.api.problems import answers
from server.api.shared import GameNumber, Shared
from server.store.admission import BallotError, admit
from server.store.records import Receipt

router = APIRouter(tags=["ballots"])


class BallotBody(BaseModel):
    """A vote: the 64-byte signature (EIP-2098) is by the seat's vote key, of the contract's EIP-712 struct Ballot."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"seat": 4, "ply": 12, "move": "e2e4", "signature": "0x" + "ab" * 64}]},
    )

    seat: int = Field(ge=0, lt=1 << 32)
    ply: int = Field(ge=0, lt=1 << 16)
    move: str = Field(pattern="^[a-h][1-8][a-h][1-8][nbrq]?$")
    signature: str = Field(pattern="^0x[0-9a-fA-F]{128}$")


class Taken(BaseModel):
    receipt: Receipt


@router.post("/games/{number}/ballots", status_code=202, responses=answers(400, 404, 408, 409, 413, 422))
async def ballot(request: Request, api: Shared, number: GameNumber, body: BallotBody) -> Taken:
    """Takes a ballot: on disk when this answers, counted when it is on chain.

    Sent again, the same ballot gets the same receipt. Codes of problems: game, seat (404); not-voting, wrong-ply,
    closed, voted, budget (409); illegal, signature (422); often, full (429); relay, disk, replicas (503). After budget,
    full and those of 503 cast it on chain (`castBallot`), or try again.
    """
    api.limit(api.posts, request)
    polls = await api.book.polls(number, body.seat)
    try:
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
    except BallotError as error:
        api.refusals.add(number, body.ply, body.seat, body.move, error.code)
        raise
