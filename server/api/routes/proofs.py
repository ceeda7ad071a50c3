"""Proofs of the network's moves, read from their transactions."""

from __future__ import annotations

from typing import Any, cast

import chess
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from web3.exceptions import TransactionNotFound

from engine import encoding
from server.api.problems import Problem, answers
from server.api.shared import GameNumber, Ply, Shared
from server.api.views import ProofView, Seconds
from server.chain.client import Chain
from server.model.game import Game, Move
from server.model.position import Position

router = APIRouter(tags=["network"])


@router.get("/games/{number}/proofs/{ply}", responses=answers(404))
async def proof(request: Request, api: Shared, number: GameNumber, ply: Ply) -> ProofView:
    """The proof of a move of the network, read from its transaction."""
    api.limit(api.costly, request)
    game = await api.game(number)
    move = game.moves[ply] if ply < len(game.moves) else None
    if move is None or move.proof is None:
        raise Problem(404, f"ply {ply} of game {number} has no proof", "proof")
    found = await run_in_threadpool(_submitted, api.chain, game, move)
    words = [f"0x{word:x}" for word in _words(game, ply, found["bitmap"], found["payee"])]
    fen = game.moves[ply - 1].fen if ply else cast(str, game.opening_fen)
    key = Position.pack(chess.Board(fen), 0).key
    proving = await api.views.proving_seconds(number, ply, key)
    if proving is None:
        proving = await run_in_threadpool(api.record.proving_seconds, number, ply, key)
    return ProofView(
        game=number,
        ply=ply,
        move=move.move,
        words=tuple(words),
        proof="0x" + bytes(found["proof"]).hex(),
        payee=found["payee"],
        context=words[-1],
        verifier=found["verifier"],
        tx=move.tx,
        block=move.proof.block,
        gas=move.proof.gas,
        seconds=Seconds(proving=proving, total=move.proof.seconds),
    )


def _submitted(chain: Chain, game: Game, move: Move) -> dict[str, Any]:
    """What the transaction of a proven move says. Raises Problem if it is not a plain call of submitMove."""
    absent = Problem(404, f"the proof of ply {move.ply} is not in its transaction's own call", "proof")
    try:
        transaction = chain.w3.eth.get_transaction(cast(Any, move.tx))
    except TransactionNotFound:
        raise absent from None
    try:
        function, args = chain.contract.decode_function_input(transaction["input"])
    except ValueError:
        raise absent from None
    if function.fn_name != "submitMove" or args["game"] != game.id:
        raise absent
    verifier = chain.contract.functions.model(game.terms.model).call().verifier
    return {**args, "verifier": verifier}


def _words(game: Game, ply: int, bitmap: list[int], payee: str) -> list[int]:
    """The public words of a proof: bitmap, the position's own, context."""
    fens = [cast(str, game.opening_fen), *(move.fen for move in game.moves)]
    positions = [fen.rsplit(" ", 2)[0] for fen in fens[: ply + 1]]  # without the counters
    board = encoding.board_words(chess.Board(fens[ply]), positions[-1] in positions[:-1])
    context = encoding.context_word(game.chain_id, game.contract, game.id, ply, payee)
    return [*bitmap, *board, context]
