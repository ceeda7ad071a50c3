"""The step of a move: the crowd's by the vote, the network's by its proof; and how a position ends the game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import chess

from engine.encoding import (
    bitmap_words,
    board_words,
    context_word,
    legal_indices,
    policy_index,
    unpack_move,
)
from engine.words import SCALAR_FIELD
from server.checks.audit.events import Event
from server.checks.audit.game import State, World, call_of
from server.checks.audit.tied import expect
from server.model.position import Position


def moved(state: State, event: Event, world: World) -> State:
    args = event.args
    ply, board = args["ply"], state.playing
    expect(ply == state.ply, f"the move of ply {ply} was played on ply {state.ply}")
    expect(unpack_move(args["move"]) in board.legal_moves, f"ply {ply}: move {args['move']} is illegal")
    if int(args["payee"], 16) == 0:
        expect(state.closing == args["move"], f"ply {ply}: the move is not what the vote decided")
        expect(args["reward"] == 0, f"ply {ply}: nobody is paid for the crowd's move")
        state = state.counting("crowdMoves")
    else:
        expect(state.phase == "prove", f"ply {ply}: the network moved for the World unasked")
        state = _rewarded(_proven(state, event, world), event)
        state = state.counting("understudyMoves" if state.understudy else "leelaMoves")
    after = board.copy(stack=False)
    after.push(unpack_move(args["move"]))
    position = Position.pack(after, ply + 1)
    announced = Position(args["board"], args["state"])
    expect(position == announced, f"ply {ply}: the position is {after.fen()}, not {announced.fen}")
    return enter(replace(state, closing=None, understudy=False, weights={}), event, position, after)


def enter(state: State, event: Event, position: Position, board: chess.Board) -> State:
    """Takes a new position: counts it, and begins the vote or the wait for the network that it leads to."""
    seen = {**state.seen, position.key: state.seen.get(position.key, 0) + 1}
    state = replace(state, board=board, position=position, seen=seen, entered=event.time, deadline=0)
    if ending(state) is None:
        if state.worlds_turn:
            state = replace(
                state,
                phase="vote",
                deadline=event.time + state.terms["votingPeriod"],
                decidable_at=event.time + state.terms["minPeriod"],
            )
        else:
            state = replace(state, phase="prove", deadline=event.time + state.terms["provingPeriod"])
    said = event.args["deadline"]
    expect(said == state.deadline, f"ply {state.ply}: the deadline is {state.deadline}, not {said}")
    return state


def ending(state: State) -> tuple[str, str] | None:
    """How the game must end in this position, by python-chess: outcome and reason; None if it goes on."""
    board = state.playing
    assert state.position is not None
    if board.is_checkmate():
        return "leela" if state.worlds_turn else "world", "checkmate"
    draws = {
        "stalemate": board.is_stalemate(),
        "repetition": state.seen[state.position.key] >= 3,
        "fiftyMoves": board.halfmove_clock >= 100,
        "insufficientMaterial": board.is_insufficient_material(),
        "maxPly": state.ply >= state.terms["maxPly"],
    }
    return next((("draw", reason) for reason, true in draws.items() if true), None)


def _proven(state: State, event: Event, world: World) -> State:
    """Checks a move of the network: its proof, over words made here, and that it is the best legal one."""
    args, board = event.args, state.playing
    ply, move = args["ply"], unpack_move(args["move"])
    state, call = call_of(state, event, f"the proof of ply {ply}")
    if call is None:
        return state
    expect(call.function == "submitMove", f"ply {ply}: the network's move came by {call.function}")
    given = call.arguments
    asked, announced = [(part["game"], part["move"], part["payee"]) for part in (given, args)]
    expect(asked == announced, f"ply {ply}: not the move that the call asked for")
    bitmap = list(given["bitmap"])
    _best(board, move, bitmap, ply)
    assert state.position is not None
    repeated = state.seen[state.position.key] > 1
    context = context_word(world.chain_id, world.contract, world.game, ply, given["payee"])
    words = bitmap + board_words(board, repeated) + [context]
    expect(all(word < SCALAR_FIELD for word in words), f"ply {ply}: a public word is out of range")
    expect(world.judge(words, bytes(given["proof"])), f"ply {ply}: the verifier refuses the proof")
    return state.counting("proofs")


def _best(board: chess.Board, move: chess.Move, bitmap: Sequence[int], ply: int) -> None:
    """Checks that the bitmap makes the move the best legal one."""
    played = policy_index(move, board.turn)
    others = bitmap_words(index for index in legal_indices(board) if index != played)
    expect(all(0 <= word < 1 << 216 for word in bitmap) and bitmap[24] < 1 << 72, f"ply {ply}: bitmap out of range")
    has_move = any(a & b for a, b in zip(bitmap, bitmap_words([played]), strict=True))
    expect(has_move, f"ply {ply}: move not in bitmap")
    has_other = any(a & b for a, b in zip(bitmap, others, strict=True))
    expect(not has_other, f"ply {ply}: a better legal move is in the bitmap")


def _rewarded(state: State, event: Event) -> State:
    reward = min(state.terms["reward"], state.fund)
    said = event.args["reward"]
    expect(said == reward, f"ply {event.args['ply']}: the reward is {reward}, not {said}")
    return replace(state, fund=state.fund - reward).credited(event.args["payee"], reward)
