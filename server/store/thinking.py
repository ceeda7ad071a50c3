"""What the network thought: its best moves with their probabilities, legal or not."""

from __future__ import annotations

from collections.abc import Mapping

import chess
import numpy as np
from numpy.typing import NDArray

from engine.encoding import DIRECTIONS, KNIGHT_JUMPS
from engine.policy import scores
from server.model.frozen import Frozen

BEST = 10


class Thought(Frozen):
    move: str
    san: str | None
    """None: the move is illegal."""
    probability: float
    legal: bool


class Thinking(Frozen):
    """The network's best moves at a ply. Probabilities are a softmax over all policy indices, illegal ones included."""

    ply: int
    position: str
    """The position's key: a reorganisation can put another position at this ply."""
    choice: str
    """The legal move with the best score: the move that is proven. It may be none of the best moves."""
    choice_san: str
    moves: tuple[Thought, ...]


def think(
    board: chess.Board, ply: int, position: str, logits: NDArray[np.int64], legal: Mapping[int, chess.Move], unit: int
) -> Thinking:
    """The ten best moves by score, of those that end on the board.

    `logits`: int64 [4672] by policy index; `unit` is the logit that stands for 1 (engine.policy.logit_unit).
    """
    order = [int(index) for index in np.argsort(-scores(logits))]
    choice = next(legal[index] for index in order if index in legal)
    weights = np.exp((logits - logits.max()) / unit)
    probabilities = weights / weights.sum()
    thoughts: list[Thought] = []
    for index in order:
        move = legal.get(index) or move_of(index, board.turn)
        if move is not None:
            san = board.san(move) if index in legal else None
            thoughts.append(
                Thought(move=move.uci(), san=san, probability=float(probabilities[index]), legal=index in legal)
            )
        if len(thoughts) == BEST:
            break
    return Thinking(
        ply=ply, position=position, choice=choice.uci(), choice_san=board.san(choice), moves=tuple(thoughts)
    )


def move_of(index: int, turn: chess.Color) -> chess.Move | None:
    """The move of a policy index (a queen promotion has that of the plain move); None if it leaves the board."""
    plane, origin = divmod(index, 64)
    promotion = None
    if plane < 56:
        (files, ranks), distance = DIRECTIONS[plane // 7], plane % 7 + 1
        files, ranks = files * distance, ranks * distance
    elif plane < 64:
        files, ranks = KNIGHT_JUMPS[plane - 56]
    else:
        files, ranks, promotion = (plane - 64) // 3 - 1, 1, chess.KNIGHT + (plane - 64) % 3
    file, rank = chess.square_file(origin) + files, chess.square_rank(origin) + ranks
    if not (0 <= file < 8 and 0 <= rank < 8):
        return None
    flip = 0 if turn == chess.WHITE else 56
    return chess.Move(origin ^ flip, chess.square(file, rank) ^ flip, promotion)
