"""Strength: matches of the integer network against Stockfish, its Elo, and how often it finds the best move.

The network plays its best legal move by score, without search, as it does on chain. Games end by the contract's rules:
mate, stalemate, threefold repetition, fifty moves, insufficient material, or a draw after MAX_PLIES.
"""

from __future__ import annotations

import json
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import chess
import chess.pgn
import numpy as np
from numpy.typing import NDArray

from engine import data, encoding
from engine.console import Bar
from engine.elo import Result, estimate
from engine.native import NativeNetwork
from engine.policy import Network, scores
from engine.stockfish import WON, Stockfish

MAX_PLIES = 300
OPENING_PLIES, BALANCED = 8, 50
"""Openings are so many random plies, kept if Stockfish calls them even within so many centipawns."""
TACTIC_GAP = 200
"""Centipawns by which the best move of a tactic beats the second best; the best must also be worth that much."""
JUDGE = "nodes 20000"
CONVERSION_LIMIT = "nodes 1000"
"""The opponent's in won positions."""


class Policy(Protocol):
    """What evaluates a network: `engine.policy.Network` in numpy, `engine.native.NativeNetwork` faster."""

    def logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]: ...


class Stopped(Exception):  # noqa: N818
    """A game was stopped before its end."""


@dataclass(frozen=True)
class Played:
    """A finished game from the network's side: result 1, 0.5 or 0."""

    result: float
    ending: str
    plies: int
    value: int
    """Stockfish's opinion of the last position in centipawns, for the network; 0 if the game was decided."""
    repeated: int
    """How often the network was to move in a position that had occurred before."""
    board: chess.Board
    """The last position, with all moves."""


def choose(network: Policy, board: chess.Board, sees_repetition: bool = True) -> chess.Move:
    """The network's move: the legal one with the highest score. It may be kept from seeing that a position repeats."""
    ranked = scores(network.logits(encoding.planes(board, sees_repetition and encoding.is_repeated(board))))
    legal = encoding.legal_indices(board)
    return legal[max(legal, key=lambda index: int(ranked[index]))]


def openings(count: int, seed: int = 0) -> list[list[chess.Move]]:
    """Balanced openings: the same for the same seed."""
    chance, found = random.Random(seed), list[list[chess.Move]]()
    with Stockfish() as judge:
        while len(found) < count:
            board = chess.Board()
            while board.ply() < OPENING_PLIES and not board.is_game_over():
                board.push(chance.choice(list(board.legal_moves)))
            judge.new_game()
            if not board.is_game_over() and abs(judge.lines(board, JUDGE)[0].value) <= BALANCED:
                found.append(board.move_stack)
    return found


def ending(board: chess.Board) -> str | None:
    """Why the game is over by the contract's rules, or None. Mate takes precedence over all draws."""
    if not any(board.generate_legal_moves()):
        return "checkmate" if board.is_check() else "stalemate"
    if board.is_repetition(3):
        return "repetition"
    if board.halfmove_clock >= 100:
        return "fifty moves"
    if board.is_insufficient_material():
        return "insufficient material"
    return "move limit" if board.ply() >= MAX_PLIES else None


def play(
    network: Policy,
    opponent: Stockfish,
    judge: Stockfish,
    limit: str,
    board: chess.Board,
    color: bool,
    sees_repetition: bool = True,
    stop: Callable[[], bool] = lambda: False,
) -> Played:
    """One game, played on from a board; the network has the given colour. Raises Stopped when `stop` says so."""
    repeated = 0
    opponent.new_game()
    while (end := ending(board)) is None:
        if stop():
            raise Stopped
        if board.turn == color:
            repeated += encoding.is_repeated(board)
            board.push(choose(network, board, sees_repetition))
        else:
            board.push(opponent.best(board, limit))
    if end == "checkmate":
        return Played(float(board.turn != color), end, board.ply(), 0, repeated, board)
    value = 0
    if end not in ("stalemate", "insufficient material"):
        judge.new_game()
        value = judge.lines(board, JUDGE)[0].value * (1 if board.turn == color else -1)
    return Played(0.5, end, board.ply(), value, repeated, board)


def pgn(game: Played, network: str, color: bool, opponent: str, elo: int | None, number: int) -> str:
    """A game in Portable Game Notation, with the contract's reason for its end as `Termination`."""
    record = chess.pgn.Game.from_board(game.board)
    white, black = (network, opponent) if color else (opponent, network)
    points = game.result if color else 1 - game.result
    result = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}[points]
    record.headers.update(Event="proofmate strength", Site="?", Round=str(number), White=white, Black=black)
    record.headers.update(Result=result, Termination=game.ending)
    if elo is not None:
        record.headers["BlackElo" if color else "WhiteElo"] = str(elo)
    return str(record) + "\n\n"


def match(
    network: Network,
    elo: int | None,
    games: int,
    limit: str,
    workers: int = 1,
    seed: int = 0,
    save: Callable[[str], object] = lambda text: None,
) -> dict[str, Any]:
    """A match of so many games, two (both colours) an opening, against Stockfish at a UCI_Elo (None: full strength).

    The interval is the mean's 95% by the normal approximation. Games at fixed nodes and full strength are repeatable;
    UCI_Elo makes Stockfish choose at random among good moves, and fixed time depends on the machine. `save` is called
    with each game's PGN when it is over, in one thread at a time.
    """
    options = {} if elo is None else {"UCI_LimitStrength": True, "UCI_Elo": elo}
    opponent_name = "Stockfish" if elo is None else f"Stockfish at UCI_Elo {elo}"
    native = NativeNetwork(network)
    pairs = [(opening, color) for opening in openings((games + 1) // 2, seed) for color in chess.COLORS][:games]
    started, done = time.monotonic(), list[Played]()
    stop, lock = threading.Event(), threading.Lock()

    def games_of(worker: int) -> None:
        with Stockfish(**options) as opponent, Stockfish() as judge:
            for number, (opening, color) in list(enumerate(pairs, 1))[worker::workers]:
                board = chess.Board()
                for move in opening:
                    board.push(move)
                game = play(native, opponent, judge, limit, board, color, stop=stop.is_set)
                with lock:
                    done.append(game)
                    save(pgn(game, network.name, color, opponent_name, elo, number))
                    bar.advance(points=sum(game.result for game in done))

    with Bar(f"match with {opponent_name}", games, "games") as bar, ThreadPoolExecutor(workers) as pool:
        try:
            for finished in [pool.submit(games_of, worker) for worker in range(workers)]:
                finished.result()
        finally:
            stop.set()  # after an interruption, games under way end at their next move
    results = [game.result for game in done]
    score = statistics.fmean(results)
    half = 1.96 * (statistics.pvariance(results) / len(results)) ** 0.5
    drawn = [game for game in done if game.result == 0.5]
    return {
        "opponent": opponent_name,
        "limit": limit,
        "games": len(done),
        "wins": results.count(1.0),
        "draws": len(drawn),
        "losses": results.count(0.0),
        "score": round(score, 4),
        "interval": [round(max(0, score - half), 4), round(min(1, score + half), 4)],
        "endings": dict(Counter(game.ending for game in done)),
        "won_games_drawn": sum(game.value >= WON for game in drawn),
        "won_games_drawn_by_repetition": sum(game.value >= WON and game.ending == "repetition" for game in drawn),
        "repeated_positions": sum(game.repeated for game in done),
        "median_plies": statistics.median(game.plies for game in done),
        "seconds": round(time.monotonic() - started, 1),
    }


def top1(network: Policy, positions: data.Positions) -> float:
    """The share of positions where the network's move is the label."""
    hits = 0
    with Bar("agreement with labels", len(positions), "positions", every=5) as bar:
        for packed, label in zip(positions.boards, positions.labels, strict=True):
            board = data.board_of(packed)
            hits += encoding.policy_index(choose(network, board), board.turn) == label
            bar.advance(agreeing=int(hits))
    return hits / len(positions)


def tactics(positions: data.Positions, count: int) -> data.Positions:
    """Of the positions, the first so many where one move wins and every other is far worse, labelled with it anew."""
    rows, labels = list[int](), list[int]()
    with Stockfish(MultiPV=2) as judge, Bar("find tactics", count, "tactics", every=5) as bar:
        for row in range(len(positions)):
            board = data.board_of(positions.boards[row])
            judge.new_game()
            lines = judge.lines(board, JUDGE)
            if len(lines) == 2 and lines[0].value >= TACTIC_GAP and lines[0].value - lines[1].value >= TACTIC_GAP:
                rows.append(row)
                labels.append(encoding.policy_index(lines[0].move, board.turn))
                bar.advance()
            if len(rows) == count:
                break
    found = positions.select(np.array(rows, np.int64))
    return data.Positions(found.boards, found.repeated, np.array(labels, np.uint16), found.games)


def conversion(network: Policy, positions: data.Positions, count: int, sees_repetition: bool = True) -> dict[str, Any]:
    """Games from the first `count` won positions of those given, against Stockfish at a few nodes.

    Shows how often the network fails to win: games drawn by repetition, by fifty moves or by stalemate.
    """
    done = list[Played]()
    with Stockfish() as opponent, Stockfish() as judge, Bar("won positions", count, "games", every=5) as bar:
        for packed in positions.boards:
            board = data.board_of(packed)
            judge.new_game()
            if judge.lines(board, JUDGE)[0].value >= WON:
                done.append(play(network, opponent, judge, CONVERSION_LIMIT, board, chess.WHITE, sees_repetition))
                bar.advance(won=sum(game.result == 1 for game in done))
            if len(done) == count:
                break
    results = [game.result for game in done]
    return {
        "positions": len(done),
        "limit": CONVERSION_LIMIT,
        "won": results.count(1.0),
        "drawn": dict(Counter(game.ending for game in done if game.result == 0.5)),
        "lost": results.count(0.0),
        "still_won_but_drawn_by_repetition": sum(game.value >= WON and game.ending == "repetition" for game in done),
    }


def strength(
    network: Network,
    elos: Sequence[int | None],
    games: int,
    limit: str = "movetime 100",
    workers: int = 1,
    held_out: data.Positions | None = None,
    puzzles: int = 300,
    save: Callable[[str], object] = lambda text: None,
) -> dict[str, Any]:
    """A match of `games` games with each opponent and the rating that follows from those of known UCI_Elo.

    Given held-out positions, also agreement on them and on tactics, and what becomes of won positions.
    """
    result: dict[str, Any] = {"network": network.name, "sha256": network.hash.hex()}
    if held_out is not None:
        native = NativeNetwork(network)
        chosen = tactics(held_out, puzzles)
        result["held_out_top1"] = {"positions": len(held_out), "share": round(top1(native, held_out), 4)}
        result["tactics_top1"] = {"positions": len(chosen), "share": round(top1(native, chosen), 4)}
        result["won_positions"] = conversion(native, held_out, puzzles)
        result["won_positions_blind_to_repetition"] = conversion(native, held_out, puzzles, sees_repetition=False)
    if games:
        result["matches"] = [match(network, elo, games, limit, workers, save=save) for elo in elos]
        result |= rating(result["matches"])
    return result


def rating(matches: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """{"elo": ...}: the rating by all matches with Stockfish at a UCI_Elo under one limit, {} if there is none.

    Its scale is Stockfish's UCI_Elo, which was calibrated in games at a slower pace.
    """
    rated = {match["opponent"]: match for match in matches if "UCI_Elo" in match["opponent"]}
    if not rated:
        return {}
    results = [
        Result(float(opponent.split()[-1]), match["wins"] + match["draws"] / 2, match["games"])
        for opponent, match in rated.items()
    ]
    found = estimate(results)
    bounds = [None if bound is None else round(bound) for bound in (found.low, found.high)]
    return {
        "elo": {
            "estimate": None if found.elo is None else round(found.elo),
            "interval": bounds,
            "games": sum(result.games for result in results),
            "opponents": [round(result.opponent) for result in results],
            "method": "maximum likelihood, 95% by likelihood ratio",
        }
    }


def held_out_positions(paths: Sequence[Path], size: int) -> data.Positions:
    """So many held-out positions of games files (the split of training)."""
    positions = data.decode([game for path in paths for game in data.read_games(path)])
    rows = data.split(positions)[1]
    return positions.select(np.random.default_rng(0).permutation(rows)[:size])


def known(passport: Path) -> dict[str, Any]:
    """What a passport says of its network's strength, rated by its matches at the pace of the first. Raises ValueError
    if it says nothing."""
    content = json.loads(passport.read_text())
    matches = content.get("strength", {}).get("matches", [])
    if not matches:
        raise ValueError(f"{passport} holds no match")
    rated = rating([match for match in matches if match["limit"] == matches[0]["limit"]])
    return {"network": content["name"], "sha256": content["sha256"], **content["strength"], **rated}


def record(passport: Path, result: dict[str, Any]) -> None:
    """Adds a result to a passport. Raises ValueError if the passport is another network's."""
    content = json.loads(passport.read_text())
    if content["sha256"] != result["sha256"]:
        raise ValueError(f"{passport} is the passport of another network")
    known = content.setdefault("strength", {})
    known |= {key: value for key, value in result.items() if key not in ("network", "sha256", "matches", "elo")}
    if "matches" in result:
        new = {(match["opponent"], match["limit"]): match for match in result["matches"]}
        others = [match for match in known.get("matches", []) if (match["opponent"], match["limit"]) not in new]
        known["matches"] = [*others, *new.values()]
        limit = result["matches"][0]["limit"]
        known |= rating([match for match in known["matches"] if match["limit"] == limit])
    passport.write_text(json.dumps(content, indent=2) + "\n")
