from __future__ import annotations

from typing import Any

import chess
import pytest

from engine.encoding import pack_move
from server.chain.deploy import DEMO_TERMS
from server.model.game import OUTCOMES, REASONS, Event, Game, apply, ballots, create
from server.model.position import Position
from server.settings import ROOT

CROWD, PAYEE = "0x" + "00" * 20, "0x" + "77" * 20


def event(name: str, time: int = 1000, **args: Any) -> Event:
    return Event(name, {"game": 0, **args}, block=time // 10, time=time, tx=f"0x{time:064x}", gas=300_000)


def lobby(**terms: Any) -> Game:
    created = event("GameCreated", creator="0x" + "cc" * 20, terms={**DEMO_TERMS, **terms}, fund=70, pot=5)
    return create(created, 31337, "0x" + "ee" * 20)


def begun(game: Game, fen: str = chess.STARTING_FEN) -> Game:
    position = Position.pack(chess.Board(fen), 0)
    game = apply(game, event("DrawFixed", drawBlock=9))
    return apply(game, event("Began", 2000, opening=0, board=position.board, state=position.state, deadline=5000))


def moved(game: Game, uci: str, payee: str, time: int = 2600, reward: int = 0) -> Event:
    assert game.fen is not None
    board = chess.Board(game.fen)
    move = chess.Move.from_uci(uci)
    board.push(move)
    position = Position.pack(board, game.ply + 1)
    return event(
        "Moved",
        time,
        ply=game.ply,
        move=pack_move(move),
        payee=payee,
        reward=reward,
        board=position.board,
        state=position.state,
        deadline=9000,
    )


def cast(*pairs: tuple[int, str]) -> Event:
    packed = b"".join(
        seat.to_bytes(4, "big") + pack_move(chess.Move.from_uci(uci)).to_bytes(2, "big") for seat, uci in pairs
    )
    return event("BallotsCast", ply=0, ballots=packed)


def test_the_beacons_round() -> None:
    """A draw by the beacon has a deadline, after which a block draws."""
    game = apply(lobby(), event("RoundFixed", round=7, deadline=9000))
    assert (game.state, game.deadline) == ("drawn", 9000)
    game = apply(game, event("RoundSigned", round=7, signature=b""))
    assert game.state == "drawn"
    game = apply(game, event("DrawFixed", drawBlock=9))
    assert (game.state, game.deadline) == ("drawn", 0)


def test_a_lobby() -> None:
    game = lobby(lobbyPeriod=600)
    assert (game.state, game.deadline, game.pools.pot, game.pools.fund, game.fen) == ("lobby", 1600, 5, 70, None)
    assert lobby().deadline == 0
    game = apply(game, event("Staked", account="0x1", side=0, seat=0, voteKey="0x2", amount=3))
    game = apply(game, event("Staked", account="0x1", side=0, seat=0, voteKey="0x2", amount=4))
    game = apply(game, event("Staked", account="0x3", side=1, seat=0, voteKey=CROWD, amount=9))
    assert (game.pools.world, game.pools.leela, game.seats) == (7, 9, 1)


@pytest.mark.parametrize(("white", "state", "mover"), [(True, "vote", "world"), (False, "prove", "leela")])
def test_the_opening_decides_who_begins(white: bool, state: str, mover: str) -> None:
    game = begun(lobby(worldIsWhite=white, minPeriod=30))
    assert (game.state, game.mover, game.turn, game.deadline) == (state, mover, "white", 5000)
    assert game.decidable_at == (2030 if white else 0)
    assert (game.vote is not None) == white


def test_ballots_are_ranked_as_the_contract_ranks_them() -> None:
    game = apply(begun(lobby()), cast((0, "e2e4"), (2, "g1f3")), [5, 2, 3])
    assert game.vote is not None
    assert (game.vote.leader, game.vote.leader_weight, game.vote.runner_up_weight) == ("e2e4", 5, 3)
    game = apply(game, cast((1, "g1f3")), [5, 2, 3])
    assert game.vote is not None
    lower = min(("e2e4", "g1f3"), key=lambda uci: pack_move(chess.Move.from_uci(uci)))
    assert (game.vote.leader, game.vote.cast_weight) == (lower, 10)
    assert [(c.move, c.san, c.ballots) for c in game.vote.candidates if c.move == "g1f3"] == [("g1f3", "Nf3", 2)]


def test_moves_and_who_made_them() -> None:
    game = begun(lobby())
    game = apply(game, event("VoteClosed", 2500, ply=0, move=pack_move(chess.Move.from_uci("e2e4"))))
    game = apply(game, moved(game, "e2e4", CROWD, 2500))
    assert (game.state, game.ply, game.vote, game.moves[0].by) == ("prove", 1, None, "world")
    assert game.moves[0].proof is None
    game = apply(game, moved(game, "e7e5", PAYEE, 2600, reward=7))
    assert (game.state, game.moves[1].by, game.pools.fund) == ("vote", "leela", 63)
    proof = game.moves[1].proof
    assert proof is not None and (proof.gas, proof.seconds, proof.payee) == (300_000, 100, PAYEE)
    game = apply(game, event("VoteClosed", 3000, ply=2, move=0))
    assert (game.state, game.mover, game.vote) == ("prove", "understudy", None)
    assert game.deadline == 3000 + game.terms.proving_period
    game = apply(game, moved(game, "g1f3", PAYEE, 3100))
    assert (game.moves[2].by, game.moves[2].san, game.mover) == ("understudy", "Nf3", "leela")


@pytest.mark.parametrize("outcome", range(1, 5))
def test_the_end(outcome: int) -> None:
    game = apply(begun(lobby()), event("GameOver", outcome=outcome, reason=outcome))
    assert (game.state, game.outcome, game.reason) == ("over", OUTCOMES[outcome - 1], REASONS[outcome - 1])
    assert (game.mover, game.vote, game.deadline) == (None, None, 0)


def test_outcomes_and_reasons_are_numbered_as_in_the_contract() -> None:
    source = (ROOT / "contracts" / "src" / "IGame.sol").read_text()

    def names(enum: str) -> list[str]:
        body = source.split(f"enum {enum} {{")[1].split("}")[0]
        return [name.strip()[0].lower() + name.strip()[1:] for name in body.split(",")]

    assert names("Outcome") == ["none", *OUTCOMES]
    assert names("Reason") == ["none", *REASONS]


def test_a_document_survives_json() -> None:
    game = begun(lobby())
    game = apply(apply(game, cast((0, "e2e4")), [10**24]), moved(game, "e2e4", CROWD))
    assert Game.model_validate_json(game.model_dump_json(by_alias=True)) == game
    assert '"minStake":"1000000000000000"' in game.model_dump_json(by_alias=True)


def test_an_event_of_no_consequence_changes_nothing() -> None:
    game = lobby()
    assert apply(game, event("Claimed", account="0x1", to="0x1", amount=1)) is game


def test_packed_ballots() -> None:
    assert ballots(bytes.fromhex("000000010002ffffffff0003")) == [(1, 2), (0xFFFFFFFF, 3)]
    assert ballots(b"") == []
