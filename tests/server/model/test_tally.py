from __future__ import annotations

import chess

from engine.encoding import pack_move
from server.model.game import apply
from server.model.tally import closed_vote
from tests.server.model.test_game import begun, cast, event, lobby


def test_a_closed_vote_keeps_every_candidate() -> None:
    game = apply(lobby(), event("Staked", account="0x1", side=0, seat=0, voteKey="0x2", amount=10))
    game = apply(begun(game), cast((0, "e2e4"), (1, "g1f3")), [3, 5])
    assert closed_vote(game, cast((0, "e2e4"))) is None
    closing = event("VoteClosed", 2500, ply=0, move=pack_move(chess.Move.from_uci("g1f3")))
    closed = closed_vote(game, closing)
    assert closed is not None
    assert [(c.san, c.weight) for c in closed.candidates] == [("Nf3", 5), ("e4", 3)]
    assert (closed.ply, closed.move, closed.san, closed.cast_weight, closed.world) == (0, "g1f3", "Nf3", 8, 10)
    assert (closed.time, closed.tx) == (2500, closing.tx)


def test_a_vote_without_agreement_has_no_move() -> None:
    closed = closed_vote(begun(lobby()), event("VoteClosed", 2500, ply=0, move=0))
    assert closed is not None
    assert (closed.move, closed.san, closed.candidates) == (None, None, ())
