"""Labelled games: mixtures of Stockfish's best moves and random ones, every position labelled with the best move.

Each worker appends whole games to a file of its own, `games-<seed>.bin` (format: `engine.data`). A game depends on its
seed and number alone, so a file can be continued at any time and is the same however often it was interrupted.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chess

from engine.console import Bar, ending_cleanly, ignore_signals
from engine.data import UNLABELLED, read_pairs
from engine.encoding import pack_move
from engine.stockfish import Stockfish

NODES = 1200
"""Stockfish's limit for a label."""
OPENING_PLIES = (0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 10)
"""Random plies before the first label; a game draws one of these numbers."""
RANDOM_SHARES = (0.05, 0.1, 0.2, 0.3, 0.45)
"""The share of moves that are random after the opening; a game draws one of these."""
QUIET_PLIES = 60
"""A game ends when no pawn moved and nothing was captured for so many plies: such endings teach little."""
END = struct.pack("<HH", UNLABELLED, UNLABELLED)


def label_game(stockfish: Stockfish, seed: int, number: int) -> bytes:
    """One game in the data's format, end mark included."""
    chance = random.Random(f"{seed}/{number}")
    stockfish.new_game()
    board, pairs = chess.Board(), bytearray()
    for _ in range(chance.choice(OPENING_PLIES)):
        move = chance.choice(list(board.legal_moves))
        pairs += struct.pack("<HH", pack_move(move), UNLABELLED)
        board.push(move)
        if board.is_game_over():
            break
    length, random_share = chance.randint(60, 180), chance.choice(RANDOM_SHARES)
    while board.ply() < length and board.halfmove_clock < QUIET_PLIES and not board.is_game_over():
        best = stockfish.best(board, f"nodes {NODES}", history=False)
        move = chance.choice(list(board.legal_moves)) if chance.random() < random_share else best
        pairs += struct.pack("<HH", pack_move(move), pack_move(best))
        board.push(move)
    return bytes(pairs) + END


def label(
    folder: Path,
    seed: int,
    seconds: float,
    games: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    done: Callable[[int], object] = lambda plies: None,
) -> int:
    """Appends games to the seed's file until the time is over, the file holds so many, or `stop` says so.

    Returns how many games the file holds; `done` is called with the plies of each new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"games-{seed}.bin"
    number = whole_games(path)
    end = time.monotonic() + seconds
    with Stockfish() as stockfish, path.open("ab") as file:
        while time.monotonic() < end and (games is None or number < games) and not stop():
            game = label_game(stockfish, seed, number)
            file.write(game)
            file.flush()
            number += 1
            done(len(game) // 4 - 1)
    return number


def whole_games(path: Path) -> int:
    """The number of games in a file, after cutting off one that was not written to its end."""
    if not path.exists():
        return 0
    _, ends, _ = read_pairs(path)
    os.truncate(path, 4 * (int(ends[-1]) + 1) if len(ends) else 0)
    return len(ends)


def label_on_cores(folder: Path, first_seed: int, workers: int, seconds: float, say: Callable[[str], object]) -> None:
    """Labels with one worker a core at the lowest priority, seeds counted from the first.

    SIGINT and SIGTERM end it after the games under way. Raises RuntimeError if a worker fails, FileNotFoundError
    without Stockfish.
    """
    Stockfish().close()
    context = multiprocessing.get_context("spawn")
    stop, games, plies = context.Event(), context.Value("q", 0), context.Value("q", 0)
    seeds = range(first_seed, first_seed + workers)
    processes = [
        context.Process(target=_worker, args=(folder, s, seconds, stop, games, plies, os.getpid())) for s in seeds
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
            bar.advance(passed - bar.done, games=games.value, positions=plies.value)
        for seed, process in zip(seeds, processes, strict=True):
            if process.exitcode:
                raise RuntimeError(f"the worker with seed {seed} failed (exit code {process.exitcode})")
            say(f"{folder / f'games-{seed}.bin'}: {whole_games(folder / f'games-{seed}.bin')} games")


def _worker(folder: Path, seed: int, seconds: float, stop: Any, games: Any, plies: Any, parent: int) -> None:
    """One process: counts its games and plies, and ends when its parent says so or is gone."""
    ignore_signals()
    os.nice(19)

    def done(count: int) -> None:
        for value, more in ((games, 1), (plies, count)):
            with value.get_lock():
                value.value += more

    label(folder, seed, seconds, stop=lambda: stop.is_set() or os.getppid() != parent, done=done)
