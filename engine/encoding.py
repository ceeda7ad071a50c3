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

Public words. A plane is 72 bits: bit 9 * rank + file, file 8 being a pad that is always zero. A word holds three
planes, the lowest numbered on top:

    bit 215        144 143         72 71           0
        [ plane 3w    ][ plane 3w + 1 ][ plane 3w + 2 ]      (a last word with one plane holds it at bit 0)

A proof's public inputs are 25 words of bitmap (73 policy planes), 5 of board (15 input planes) and the context.
`Encoding.sol` and the circuit follow the same picture; `tests/vectors/` ties them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import chess
import numpy as np
from eth_hash.auto import keccak
from numpy.typing import NDArray

INPUT_PLANES = 15
POLICY_PLANES = 73
SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of BN254's scalar field; public words are elements of it."""

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


def position(square: int) -> int:
    """The bit of a square (a1 = 0 .. h8 = 63) in a 72-bit plane."""
    return square + square // 8


def tie(index: int) -> int:
    """What a policy index adds to 2^13 * logit, so that no two scores are equal; 1..5256."""
    plane, square = divmod(index, 64)
    return 72 * plane + 72 - position(square)


def to_words(masks: Sequence[int]) -> list[int]:
    """Packs planes, given as 64-bit masks, into public words, three a word."""
    words = []
    for start in range(0, len(masks), 3):
        word = 0
        for mask in masks[start : start + 3]:
            padded = sum((mask >> 8 * rank & 0xFF) << 9 * rank for rank in range(8))
            word = word << 72 | padded
        words.append(word)
    return words


def bitmap_words(indices: Iterable[int]) -> list[int]:
    """The 25 bitmap words with the bits of the given policy indices set."""
    masks = [0] * POLICY_PLANES
    for index in indices:
        masks[index // 64] |= 1 << index % 64
    return to_words(masks)


def context_word(chain_id: int, contract: str, game: int, ply: int, payee: str) -> int:
    """The public word that ties a proof to one ply of one game, and its reward to one payee.

    keccak256(abi.encode(chain id, game contract, game, ply, payee)) mod p; addresses are 0x-prefixed hex.
    """
    words = (chain_id, int(contract, 16), game, ply, int(payee, 16))
    return int.from_bytes(keccak(b"".join(word.to_bytes(32, "big") for word in words)), "big") % SCALAR_FIELD


def pack_move(move: chess.Move) -> int:
    """The 16-bit move number used on chain and in the data: from | to << 6 | promotion << 12 (2 knight .. 5 queen)."""
    return move.from_square | move.to_square << 6 | (move.promotion or 0) << 12


def unpack_move(number: int) -> chess.Move:
    """The move of a 16-bit move number. Raises ValueError for a promotion that does not exist."""
    promotion = number >> 12
    if not 0 <= number < 1 << 16 or promotion not in (0, chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN):
        raise ValueError(f"{number} is not a move number")
    return chess.Move(number & 63, number >> 6 & 63, promotion or None)
