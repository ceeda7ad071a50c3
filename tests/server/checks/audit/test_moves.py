from __future__ import annotations

from dataclasses import replace
from typing import Any

import chess
import pytest

from engine.encoding import bitmap_words, legal_indices, pack_move, policy_index
from server.checks.audit import evidence
from server.checks.audit.events import Event
from server.checks.audit.evidence import Facts
from server.checks.audit.game import State
from server.checks.audit.moves import ending
from server.checks.audit.record import Record
from server.checks.audit.replay import apply
from server.checks.audit.tied import FindingError
from server.model.position import Position
from tests.server.checks.audit.support import before

NOBODY = "0x" + "00" * 20


@pytest.fixture(scope="module")
def facts(record: Record) -> Facts:
    return evidence.check(record)


def by_proof(event: Event) -> bool:
    return bool(event.args["payee"] != NOBODY)


def at(fen: str, seen: int = 1, ply: int = 4, max_ply: int = 100) -> State:
    """A state in a position; the World is White."""
    board = chess.Board(fen)
    position = Position.pack(board, ply)
    terms = {"worldIsWhite": True, "maxPly": max_ply}
    return State(terms=terms, board=board, position=position, seen={position.key: seen})


def test_how_a_position_ends_the_game() -> None:
    assert ending(at(chess.STARTING_FEN)) is None
    assert ending(at("7k/6Q1/6K1/8/8/8/8/8 b - - 0 1")) == ("world", "checkmate")
    assert ending(at("7K/6q1/6k1/8/8/8/8/8 w - - 0 1")) == ("leela", "checkmate")
    assert ending(at("7k/8/6Q1/8/8/8/8/K7 b - - 0 1")) == ("draw", "stalemate")
    assert ending(at("7k/8/8/8/8/8/8/K7 w - - 0 1")) == ("draw", "insufficientMaterial")
    assert ending(at("7k/7p/8/8/8/8/8/K6R w - - 99 80")) is None
    assert ending(at("7k/7p/8/8/8/8/8/K6R w - - 100 80")) == ("draw", "fiftyMoves")
    assert ending(at(chess.STARTING_FEN, seen=2)) is None
    assert ending(at(chess.STARTING_FEN, seen=3)) == ("draw", "repetition")
    assert ending(at(chess.STARTING_FEN, ply=100)) == ("draw", "maxPly")
    assert ending(at("7k/6Q1/6K1/8/8/8/8/8 b - - 100 90", ply=100)) == ("world", "checkmate"), "mate comes first"


def refused(facts: Facts, change: Any, complaint: str) -> None:
    """A move of the network whose call says something else is refused."""
    state, event, world = before(facts, "Moved", by_proof)
    assert event.call is not None and apply(state, event, world).counts["proofs"] >= 1
    changed = replace(event, call=replace(event.call, arguments={**event.call.arguments, **change}))
    with pytest.raises(FindingError, match=complaint):
        apply(state, changed, world)


def test_another_proof_or_another_bitmap_proves_nothing(facts: Facts) -> None:
    state, event, _ = before(facts, "Moved", by_proof)
    assert event.call is not None
    proof, bitmap = bytes(event.call.arguments["proof"]), list(event.call.arguments["bitmap"])
    refused(facts, {"proof": proof[:-1] + bytes([proof[-1] ^ 1])}, "the verifier refuses the proof")
    refused(facts, {"bitmap": [0] * 25}, "move not in bitmap")
    everything = bitmap_words(legal_indices(state.playing))
    refused(facts, {"bitmap": everything}, "a better legal move is in the bitmap")
    refused(facts, {"bitmap": [*bitmap[:24], bitmap[24] | 1 << 72]}, "bitmap out of range")
    refused(facts, {"payee": "0x" + "12" * 20}, "not the move that the call asked for")


def test_an_illegal_move_in_the_bitmap_changes_the_proofs_words_and_nothing_else(facts: Facts) -> None:
    state, event, _ = before(facts, "Moved", by_proof)
    assert event.call is not None
    legal = set(legal_indices(state.playing))
    illegal = next(index for index in range(4672) if index not in legal)
    words = [a | b for a, b in zip(event.call.arguments["bitmap"], bitmap_words([illegal]), strict=True)]
    refused(facts, {"bitmap": words}, "the verifier refuses the proof")


def test_the_move_played_is_the_move_announced(facts: Facts) -> None:
    state, event, world = before(facts, "Moved", by_proof)
    move = next(m for m in state.playing.legal_moves if pack_move(m) != event.args["move"])
    assert policy_index(move, state.playing.turn) in legal_indices(state.playing)
    for change, complaint in (
        ({"move": pack_move(move)}, "not the move that the call asked for"),
        ({"move": 0}, "is illegal"),
        ({"ply": event.args["ply"] + 1}, "was played on ply"),
        ({"reward": event.args["reward"] + 1}, "the reward is"),
        ({"board": event.args["board"] ^ 1}, "the position is"),
        ({"deadline": event.args["deadline"] + 1}, "the deadline is"),
    ):
        with pytest.raises(FindingError, match=complaint):
            apply(state, replace(event, args={**event.args, **change}), world)
