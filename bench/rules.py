"""What the rules of chess cost on chain, in gas."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import chess

from engine import encoding
from server.model.position import Position
from tests.contracts import games, judge

POSITIONS = 1000


def chess_gas(report: Callable[[int, str], object] = lambda done, step: None) -> dict[str, dict[str, int]]:
    """Gas over 1,000 positions of random games: min, median, p99 and max of each step of a move.

    Each is a call inside one contract, so without a transaction's 21,000 and without storage. `checkBitmap` is given a
    random ranking of all 4,672 policy indices down to the best legal move; `checkBitmap, every illegal bit` the most
    bits that it accepts.
    """
    gas: defaultdict[str, list[int]] = defaultdict(list)
    source = random.Random(5)
    with judge.judge() as chain:
        for board in itertools.islice(_boards(source), POSITIONS):
            indices = encoding.legal_indices(board)
            position = Position.pack(board, 0)
            ranking = source.sample(range(64 * encoding.POLICY_PLANES), 64 * encoding.POLICY_PLANES)
            first = next(place for place, index in enumerate(ranking) if index in indices)
            move = encoding.pack_move(indices[ranking[first]])
            costs = chain.costs(position, move, encoding.bitmap_words(ranking[: first + 1]))
            illegal = {*ranking} - {*indices} | {ranking[first]}
            worst = chain.costs(position, move, encoding.bitmap_words(illegal))
            for step, spent in costs.items():
                gas[step].append(spent)
            gas["play and ending"].append(costs["play"] + costs["ending"])
            gas["checkBitmap, every illegal bit"].append(worst["checkBitmap"])
            report(1, "rules")
    return {step: _spread(each) for step, each in gas.items()}


def _boards(source: random.Random) -> Iterator[chess.Board]:
    """Positions of random games, far from each other."""
    for game in games.games(seed=5):
        for ply in game:
            if ply.move and source.random() < 0.1:
                yield ply.board


def _spread(gas: Sequence[int]) -> dict[str, int]:
    ordered = sorted(gas)
    return {
        "min": ordered[0],
        "median": ordered[len(ordered) // 2],
        "p99": ordered[len(ordered) * 99 // 100],
        "max": ordered[-1],
    }
