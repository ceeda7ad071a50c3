"""Positions as planes and public words, moves as policy indices: how chess enters and leaves the network.

Everything here is seen from the mover's side: for Black the board is flipped upside down (rank 1 <-> 8, files stay) and
the colours are swapped, so the network always plays up the board.

Input planes, each 64 bits (1 on the squares that hold the feature):

    0..5    the mover's pawns, knights, bishops, rooks, queens, king
    6..11   the opponent's, in the same order
    12      rooks, of either side, that may still castle
    13      the square of an en passant capture that is legal, alone
    14      every square, if the position occurred before in this game

Policy planes, each a kind of move by its origin square (the numbering of AlphaZero, arXiv:1712.01815, table S2):

    7 d + n - 1   n = 1..7 squares in direction d = 0..7 (N NE E SE S SW W NW; queening too; castling is a king's move)
    56 + k        knight jump k = 0..7 (clockwise from NNE)
    64 + 3 (f + 1) + p   underpromotion, file step f = -1..1, to p = 0 knight, 1 bishop, 2 rook

Public words, packed as `engine.words` says: 25 of bitmap (73 policy planes), 5 of board (15 input planes), the context.
`Encoding.sol` and the circuit follow the same picture; `tests/vectors/` ties them together.
"""

from __future__ import annotations

from collections.abc import Iterable

import chess
import numpy as np
from numpy.typing import NDArray

from engine import words

INPUT_PLANES = 15
POLICY_PLANES = 73
BITMAP_WORDS = words.words_of(POLICY_PLANES)
"""How many of a proof's public words are the bitmap: 25."""

DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
KNIGHT_JUMPS = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))


def plane_masks(board: chess.Board, repeated: bool) -> list[int]:
    """The 15 input planes of a position as 64-bit masks (bit = square, a1 = 0), from the mover's side."""
    view = board if board.turn == chess.WHITE else board.mirror()
    masks = [view.pieces_mask(piece, color) for color in chess.COLORS for piece in chess.PIECE_TYPES]
    en_passant = 1 << view.ep_square if view.ep_square is not None and view.has_legal_en_passant() else 0
    return [*masks, view.clean_castling_rights(), en_passant, chess.BB_ALL if repeated else 0]


def planes(board: chess.Board, repeated: bool) -> NDArray[np.uint8]:
    """The input of the network: shape (15, 8, 8), values 0 and 1, indexed [plane, rank, file]."""
    octets = np.array(plane_masks(board, repeated), dtype="<u8").view(np.uint8)
    return np.unpackbits(octets, bitorder="little").reshape(INPUT_PLANES, 8, 8)


def board_words(board: chess.Board, repeated: bool) -> list[int]:
    """The 5 public words of a position."""
    return words.to_words(plane_masks(board, repeated))


def is_repeated(board: chess.Board) -> bool:
    """Whether the position on the board occurred before in its own move stack."""
    return board.is_repetition(2)


def policy_index(move: chess.Move, turn: chess.Color) -> int:
    """The policy index of a move, 64 * plane + origin square from the mover's side; 0..4671.

    Raises ValueError for a move that no piece could make.
    """
    flip = 0 if turn == chess.WHITE else 56
    origin, target = move.from_square ^ flip, move.to_square ^ flip
    step = (
        chess.square_file(target) - chess.square_file(origin),
        chess.square_rank(target) - chess.square_rank(origin),
    )
    if move.promotion not in (None, chess.QUEEN):
        if step[1] != 1 or abs(step[0]) > 1:
            raise ValueError(f"{move.uci()} is not a promotion")
        plane = 64 + 3 * (step[0] + 1) + (move.promotion - chess.KNIGHT)
    elif step in KNIGHT_JUMPS:
        plane = 56 + KNIGHT_JUMPS.index(step)
    else:
        distance = max(abs(step[0]), abs(step[1]))
        if distance == 0 or any(abs(s) not in (0, distance) for s in step):
            raise ValueError(f"{move.uci()} moves like no piece")
        plane = 7 * DIRECTIONS.index((step[0] // distance, step[1] // distance)) + distance - 1
    return 64 * plane + origin


def legal_indices(board: chess.Board) -> dict[int, chess.Move]:
    """The legal moves of a position by policy index. No two legal moves share one."""
    return {policy_index(move, board.turn): move for move in board.legal_moves}


def bitmap_words(indices: Iterable[int]) -> list[int]:
    """The 25 bitmap words with the bits of the given policy indices set."""
    return words.bit_words(indices, POLICY_PLANES)


def context_word(chain_id: int, contract: str, game: int, ply: int, payee: str) -> int:
    """The public word that ties a proof to one ply of one game, and its reward to one payee.

    keccak256(abi.encode(chain id, game contract, game, ply, payee)) mod p; addresses are 0x-prefixed hex.
    """
    return words.context_word(chain_id, contract, game, ply, payee)


def pack_move(move: chess.Move) -> int:
    """The 16-bit move number used on chain and in the data: from | to << 6 | promotion << 12 (2 knight .. 5 queen)."""
    return move.from_square | move.to_square << 6 | (move.promotion or 0) << 12


def unpack_move(number: int) -> chess.Move:
    """The move of a 16-bit move number. Raises ValueError for a promotion that does not exist."""
    promotion = number >> 12
    if not 0 <= number < 1 << 16 or promotion not in (0, chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN):
        raise ValueError(f"{number} is not a move number")
    return chess.Move(number & 63, number >> 6 & 63, promotion or None)
