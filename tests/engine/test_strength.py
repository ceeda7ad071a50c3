"""Matches, rules of the end, agreement and tactics, with an untrained network and a few nodes."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from pathlib import Path

import chess
import chess.pgn
import numpy as np
import pytest

from engine import data, encoding, strength
from engine.policy import Network
from engine.stockfish import Stockfish
from engine.words import tie
from tests.engine.games import random_game

NETWORK = Network.random("tiny", 15, 16, 2, seed=1, shift=12, zero=512)


def test_the_best_legal_move_is_chosen() -> None:
    board = chess.Board("4k3/8/8/8/8/8/8/4K2R b K - 0 1")
    logits = NETWORK.logits(encoding.planes(board, False))
    scores = {move: (int(logits[index]) << 13) + tie(index) for index, move in encoding.legal_indices(board).items()}
    assert strength.choose(NETWORK, board) == max(scores, key=lambda move: scores[move])


@pytest.mark.parametrize(
    ("fen", "reason"),
    [
        (chess.STARTING_FEN, None),
        ("R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1", "checkmate"),
        ("R5k1/5ppp/8/8/8/8/8/6K1 b - - 100 90", "checkmate"),
        ("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", "stalemate"),
        ("7k/8/6K1/8/8/8/8/R7 b - - 100 90", "fifty moves"),
        ("7k/8/6K1/8/8/8/8/B7 w - - 0 1", "insufficient material"),
    ],
)
def test_endings(fen: str, reason: str | None) -> None:
    assert strength.ending(chess.Board(fen)) == reason


def test_threefold_repetition_ends_a_game() -> None:
    board = chess.Board()
    for _ in range(2):
        assert strength.ending(board) is None
        for uci in ("g1f3", "g8f6", "f3g1", "f6g8"):
            board.push_uci(uci)
    assert strength.ending(board) == "repetition"


def test_openings_are_balanced_and_repeatable() -> None:
    opening = strength.openings(3)
    assert opening == strength.openings(3) and len({tuple(moves) for moves in opening}) == 3
    for moves in opening:
        board = chess.Board()
        for move in moves:
            board.push(move)
        with Stockfish() as judge:
            assert abs(judge.lines(board, strength.JUDGE)[0].value) <= strength.BALANCED


def test_a_match_at_fixed_nodes_is_repeatable() -> None:
    first, second = (strength.match(NETWORK, None, 4, "nodes 200", workers=2) for _ in range(2))
    assert first["games"] == 4 == first["wins"] + first["draws"] + first["losses"] == sum(first["endings"].values())
    assert 0 <= first["interval"][0] <= first["score"] <= first["interval"][1] <= 1
    assert {key: first[key] for key in first if key != "seconds"} == {
        key: second[key] for key in second if key != "seconds"
    }


def test_agreement_and_tactics() -> None:
    positions = data.decode([random_game(seed, plies=60) for seed in range(20)])
    chosen = strength.tactics(positions.select(slice(len(positions) - 200, None)), 3)
    assert len(chosen) == 3
    own = [
        encoding.policy_index(strength.choose(NETWORK, data.board_of(packed)), chess.WHITE) for packed in chosen.boards
    ]
    labels = np.array([own[0], own[1], (own[2] + 1) % 4672], np.uint16)
    found = data.Positions(chosen.boards, chosen.repeated, labels, chosen.games)
    assert strength.top1(NETWORK, found) == pytest.approx(2 / 3)


def test_won_positions_are_played_on() -> None:
    mates = data.decode([random_game(seed, plies=100) for seed in range(6)])
    result = strength.conversion(NETWORK, mates, 3)
    assert result["positions"] == 3 == result["won"] + sum(result["drawn"].values()) + result["lost"]


def test_a_network_can_be_blind_to_repetition() -> None:
    board = chess.Board()
    for uci in ("g1f3", "g8f6", "f3g1", "f6g8"):
        board.push_uci(uci)
    assert strength.choose(NETWORK, board, sees_repetition=False) == strength.choose(NETWORK, chess.Board())


def test_what_a_passport_knows_is_rated_at_one_pace(tmp_path: Path) -> None:
    def match(opponent: str, limit: str, wins: int) -> dict[str, object]:
        return {"opponent": opponent, "limit": limit, "games": 10, "wins": wins, "draws": 0}

    matches = [
        match("Stockfish at UCI_Elo 1320", "movetime 100", 5),
        match("Stockfish at UCI_Elo 1500", "nodes 10", 10),
        match("Stockfish", "movetime 100", 0),
    ]
    passport = tmp_path / "tiny.json"
    passport.write_text(json.dumps({"name": "tiny", "sha256": "00", "strength": {"matches": matches}}))
    found = strength.known(passport)
    assert (found["network"], found["matches"]) == ("tiny", matches)
    assert (found["elo"]["estimate"], found["elo"]["games"]) == (1320, 10)
    passport.write_text(json.dumps({"name": "tiny", "sha256": "00"}))
    with pytest.raises(ValueError, match="holds no match"):
        strength.known(passport)


def test_the_passport_of_another_network_is_left_alone(tmp_path: Path) -> None:
    passport = tmp_path / "tiny.json"
    passport.write_text(json.dumps({"sha256": NETWORK.hash.hex()}))
    first, second = (strength.strength(NETWORK, [elo], 2, "nodes 50") for elo in (1320, 1500))
    strength.record(passport, first)
    strength.record(passport, first)
    assert json.loads(passport.read_text())["strength"] == {"matches": first["matches"], "elo": first["elo"]}
    strength.record(passport, second)
    known = json.loads(passport.read_text())["strength"]
    assert known["matches"] == first["matches"] + second["matches"]
    assert known["elo"]["opponents"] == [1320, 1500] and known["elo"]["games"] == 4
    passport.write_text(json.dumps({"sha256": "00"}))
    with pytest.raises(ValueError, match="another network"):
        strength.record(passport, first)


def test_games_are_kept_as_pgn() -> None:
    games: list[str] = []
    result = strength.match(NETWORK, 1320, 2, "nodes 50", save=games.append)
    stream, points = io.StringIO("".join(games)), 0.0
    for number in (1, 2):
        game = chess.pgn.read_game(stream)
        assert game is not None and not game.errors
        names = [game.headers["White"], game.headers["Black"]]
        assert sorted(names) == ["Stockfish at UCI_Elo 1320", "tiny"] and game.headers["Round"] == str(number)
        white = names.index("tiny") == 0
        assert game.headers["BlackElo" if white else "WhiteElo"] == "1320"
        board = game.end().board()
        assert strength.ending(board) == game.headers["Termination"]
        points += {"1-0": 1.0, "1/2-1/2": 0.5, "0-1": 0.0}[game.headers["Result"]] if white else 0
        points += {"1-0": 0.0, "1/2-1/2": 0.5, "0-1": 1.0}[game.headers["Result"]] if not white else 0
    assert chess.pgn.read_game(stream) is None and points == result["wins"] + result["draws"] / 2


def test_ratings_join_matches() -> None:
    one = {"opponent": "Stockfish at UCI_Elo 1500", "games": 100, "wins": 40, "draws": 20}
    two = {"opponent": "Stockfish at UCI_Elo 1700", "games": 100, "wins": 20, "draws": 10}
    full = {"opponent": "Stockfish", "games": 100, "wins": 0, "draws": 0}
    elo = strength.rating([one, full, two])["elo"]
    assert elo["opponents"] == [1500, 1700] and elo["games"] == 200
    assert 1440 < elo["interval"][0] < 1500 < elo["estimate"] < 1510 < elo["interval"][1] < 1570
    assert strength.rating([full]) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_match_is_interrupted_in_the_middle_of_a_game(number: signal.Signals) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    timer = threading.Timer(1.5, lambda: os.kill(os.getpid(), number))
    timer.start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            strength.match(NETWORK, None, 200, "movetime 400", workers=2)
    finally:
        timer.cancel()
        signal.signal(number, before)
    assert time.monotonic() - started < 60
    assert [thread.name for thread in threading.enumerate() if "ThreadPool" in thread.name] == []
