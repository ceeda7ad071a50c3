"""What is kept of a ply: the vote that closed, and what the network thought."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from server.api.problems import Problem, answers
from server.api.shared import GameNumber, Ply, Shared
from server.api.views import position_at
from server.model.tally import ClosedVote
from server.store.thinking import Thinking

router = APIRouter(tags=["games"])


@router.get("/games/{number}/votes/{ply}", response_model=ClosedVote, responses=answers(404))
async def vote(request: Request, api: Shared, number: GameNumber, ply: Ply) -> Response:
    """The candidates of a closed vote and their stakes, as the contract counted them."""
    api.limit(api.reads, request)
    closed = await api.views.closed_vote(number, ply)
    if closed is None:
        raise Problem(404, f"no vote closed at ply {ply} of game {number}", "vote")
    return Response(closed.dump(), media_type="application/json")


@router.get("/games/{number}/thoughts/{ply}", response_model=Thinking, responses=answers(404))
async def thoughts(request: Request, api: Shared, number: GameNumber, ply: Ply) -> Response:
    """What the network thought at a ply; known if a worker of this server looked at the position."""
    api.limit(api.reads, request)
    game = await api.game(number)
    thinking = await api.views.thoughts(game, ply)
    if thinking is None and (position := position_at(game, ply)) is not None:
        api.limit(api.costly, request)
        thinking = await run_in_threadpool(api.record.thinking, number, ply, position)
    if thinking is None:
        raise Problem(404, f"what the network thought at ply {ply} of game {number} is not known here", "thoughts")
    return Response(thinking.dump(), media_type="application/json")
