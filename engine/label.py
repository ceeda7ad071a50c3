"""Labelled games: mixtures of Stockfish's best moves and random ones, every position labelled with the best move.

Games begin at the initial position, or in won endgames: there a policy without search learns least from whole games,
for few of them get so far, and draws most by stalemate.

Each worker appends whole games to a file of its own, `games-<seed>.bin` or `endgames-<seed>.bin` (format:
`engine.data`). A game depends on its seed and number alone, so a file can be continued at any time and is the same
however often it was interrupted.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import chess

from engine.console import Bar, ending_cleanly, ignore_signals
from engine.data import PLACED, UNLABELLED, piece_number, read_pairs
from engine.encoding import pack_move
from engine.stockfish import WON, Stockfish

Kind = Literal["games", "endgames"]
NODES = 1200
"""Stockfish's limit for a label."""
OPENING_PLIES = (0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 10)
"""Random plies before the first label; a game draws one of these numbers."""
RANDOM_SHARES = (0.05, 0.1, 0.2, 0.3, 0.45)
"""The share of moves that are random after the opening; a game draws one of these."""
QUIET_PLIES = 60
"""A game ends when no pawn moved and nothing was captured for so many plies: such endings teach little."""
EXTRA = "P PP PPP BP NP BPP NPP BN BB R RP RPP RN RB RR RRP RBN Q QP QPP QN QB QR QRP QQ QRBN"
"""What the winning side of an endgame has more than the other; it draws one of these."""
SHARED_PIECES, SHARED_PAWNS = ("", "N", "B", "R", "Q", "NN", "NB", "BB", "RN", "RB", "RR"), (0, 0, 1, 2, 3, 4)
"""What both sides of an endgame have besides."""
END = struct.pack("<HH", UNLABELLED, UNLABELLED)


def label_game(stockfish: Stockfish, seed: int, number: int, kind: Kind = "games") -> bytes:
    """One game in the data's format, end mark included."""
    chance = random.Random(f"{seed}/{number}")
    stockfish.new_game()
    board, pairs = opening(chance) if kind == "games" else won_endgame(chance, stockfish)
    length, random_share = chance.randint(60, 180), chance.choice(RANDOM_SHARES)
    while board.ply() < length and board.halfmove_clock < QUIET_PLIES and not board.is_game_over():
        best = stockfish.best(board, f"nodes {NODES}", history=False)
        move = chance.choice(list(board.legal_moves)) if chance.random() < random_share else best
        pairs += struct.pack("<HH", pack_move(move), pack_move(best))
        board.push(move)
    return bytes(pairs) + END


def opening(chance: random.Random) -> tuple[chess.Board, bytearray]:
    """Some random plies from the initial position, and their pairs."""
    board, pairs = chess.Board(), bytearray()
    for _ in range(chance.choice(OPENING_PLIES)):
        move = chance.choice(list(board.legal_moves))
        pairs += struct.pack("<HH", pack_move(move), UNLABELLED)
        board.push(move)
        if board.is_game_over():
            break
    return board, pairs


def won_endgame(chance: random.Random, stockfish: Stockfish) -> tuple[chess.Board, bytearray]:
    """A position of few pieces, White to move, that either side wins by Stockfish's opinion, and its pairs."""
    while True:
        shared = chance.choice(SHARED_PIECES) + "P" * chance.choice(SHARED_PAWNS)
        sides = [f"K{shared}{chance.choice(EXTRA.split())}", f"K{shared}"]
        winner = chance.choice(chess.COLORS)
        board = chess.Board(None)
        for color, letters in zip((winner, not winner), sides, strict=True):
            for letter in letters:
                squares = chess.SQUARES[8:56] if letter == "P" else chess.SQUARES
                square = chance.choice([square for square in squares if board.piece_at(square) is None])
                board.set_piece_at(square, chess.Piece.from_symbol(letter if color else letter.lower()))
        if not board.is_valid() or board.is_game_over():
            continue
        value = stockfish.lines(board, f"nodes {NODES}")[0].value
        if (value if winner == chess.WHITE else -value) >= WON:
            pieces = board.piece_map().items()
            numbers = [square | piece_number(piece) << 6 for square, piece in pieces]
            return board, bytearray(b"".join(struct.pack("<HH", number, PLACED) for number in numbers))


def label(
    folder: Path,
    seed: int,
    seconds: float,
    games: int | None = None,
    kind: Kind = "games",
    stop: Callable[[], bool] = lambda: False,
    done: Callable[[int], object] = lambda labels: None,
) -> int:
    """Appends games to the seed's file until the time is over, the file holds so many, or `stop` says so.

    Returns how many games the file holds; `done` is called with the number of labels of each new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}-{seed}.bin"
    number = whole_games(path)
    end = time.monotonic() + seconds
    with Stockfish() as stockfish, path.open("ab") as file:
        while time.monotonic() < end and (games is None or number < games) and not stop():
            game = label_game(stockfish, seed, number, kind)
            file.write(game)
            file.flush()
            number += 1
            done(sum(best not in (UNLABELLED, PLACED) for _, best in struct.iter_unpack("<HH", game)))
    return number


def whole_games(path: Path) -> int:
    """The number of games in a file, after cutting off one that was not written to its end."""
    if not path.exists():
        return 0
    _, ends, _ = read_pairs(path)
    os.truncate(path, 4 * (int(ends[-1]) + 1) if len(ends) else 0)
    return len(ends)


def label_on_cores(
    folder: Path, first_seed: int, workers: int, seconds: float, say: Callable[[str], object], kind: Kind = "games"
) -> None:
    """Labels with one worker a core at the lowest priority, seeds counted from the first.

    SIGINT and SIGTERM end it after the games under way. Raises RuntimeError if a worker fails, FileNotFoundError
    without Stockfish.
    """
    Stockfish().close()
    context = multiprocessing.get_context("spawn")
    stop, games, labels = context.Event(), context.Value("q", 0), context.Value("q", 0)
    seeds = range(first_seed, first_seed + workers)
    processes = [
        context.Process(target=_worker, args=(folder, s, seconds, kind, stop, games, labels, os.getpid()))
        for s in seeds
    ]
    started = time.monotonic()
    with ending_cleanly() as asked, Bar("label", round(seconds), "seconds", every=5) as bar:
        for process in processes:
            process.start()
        while any(process.is_alive() for process in processes):
            time.sleep(0.2)
            if asked():
                stop.set()
            passed = min(round(time.monotonic() - started), round(seconds))
            bar.advance(passed - bar.done, games=games.value, positions=labels.value)
        for seed, process in zip(seeds, processes, strict=True):
            if process.exitcode:
                raise RuntimeError(f"the worker with seed {seed} failed (exit code {process.exitcode})")
            path = folder / f"{kind}-{seed}.bin"
            say(f"{path}: {whole_games(path)} games")


def _worker(
    folder: Path, seed: int, seconds: float, kind: Kind, stop: Any, games: Any, labels: Any, parent: int
) -> None:
    """One process: counts its games and labels, and ends when its parent says so or is gone."""
    ignore_signals()
    os.nice(19)

    def done(count: int) -> None:
        for value, more in ((games, 1), (labels, count)):
            with value.get_lock():
                value.value += more

    label(folder, seed, seconds, kind=kind, stop=lambda: stop.is_set() or os.getppid() != parent, done=done)
