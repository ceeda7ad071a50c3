"""Labelled games decoded once into memory-mapped positions.

A games file holds little-endian uint16 pairs (played, best), one a ply, every game from the initial position; moves are
numbered as in `encoding.pack_move`. best = 0xFFFF is a ply without a label, (0xFFFF, 0xFFFF) ends a game. A game may
begin with pairs (square | piece << 6, 0xFFFE) instead: they place all pieces of its first position (pieces 1..12,
White's pawn .. king, then Black's), in which White moves and nobody may castle.

All games are stepped at once, ply by ply, as arrays: a position is 64 codes seen from the mover's side,

    0        empty                          7..12    the opponent's, in the same order
    1..6     the mover's pawn .. king       13, 14   the mover's, the opponent's rook that may still castle
    15       an empty square where a legal en passant capture ends

two a byte (the lower square in the low half), so 32 bytes a position. `PLANES_OF` turns codes into input planes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import chess
import numpy as np
from numpy.typing import NDArray

from engine.encoding import DIRECTIONS, KNIGHT_JUMPS, POLICY_PLANES, policy_index, unpack_move

UNLABELLED, PLACED = 0xFFFF, 0xFFFE
PAWN, KNIGHT, ROOK, KING, BLACK = 1, 2, 4, 6, 6  # a black piece is BLACK more than a white one
CASTLING_ROOK, EN_PASSANT = 13, 15
CORNERS = np.array([chess.H1, chess.A1, chess.H8, chess.A8])
KINGS_HOME = np.array([chess.E1, chess.E1, chess.E8, chess.E8])

PLANES_OF = np.zeros((16, 14), np.uint8)
"""The input planes 0..13 that a code sets."""
PLANES_OF[np.arange(1, 13), np.arange(12)] = 1
PLANES_OF[CASTLING_ROOK, [3, 12]] = PLANES_OF[CASTLING_ROOK + 1, [9, 12]] = PLANES_OF[EN_PASSANT, 13] = 1

_MOVERS_CODE = np.zeros((2, 13), np.uint8)  # absolute piece to the mover's view, by whether Black is to move
_MOVERS_CODE[0] = np.arange(13)
_MOVERS_CODE[1, 1:] = np.roll(np.arange(1, 13), BLACK)
_ZOBRIST = np.random.default_rng(1).integers(0, 1 << 64, (32, 256), np.uint64)


def _mirror_indices() -> NDArray[np.int64]:
    planes = [7 * DIRECTIONS.index((-file, rank)) + n for file, rank in DIRECTIONS for n in range(7)]
    planes += [56 + KNIGHT_JUMPS.index((-file, rank)) for file, rank in KNIGHT_JUMPS]
    planes += [64 + 3 * (1 - file) + piece for file in (-1, 0, 1) for piece in range(3)]
    indices: NDArray[np.int64] = 64 * np.array(planes)[:, None] + (np.arange(64) ^ 7)
    return indices.reshape(64 * POLICY_PLANES)


MIRROR = _mirror_indices()
"""The policy index of a move whose board is mirrored (files a and h exchanged), by policy index."""


@dataclass(frozen=True)
class Positions:
    """Labelled positions: packed boards, whether each occurred before in its game, the best move (policy index), game.

    `boards` uint8 [n, 32], `repeated` bool [n], `labels` uint16 [n], `games` uint32 [n].
    """

    boards: NDArray[np.uint8]
    repeated: NDArray[np.bool_]
    labels: NDArray[np.uint16]
    games: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.labels)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for field in ("boards", "repeated", "labels", "games"):
            np.save(folder / f"{field}.npy", getattr(self, field))

    @classmethod
    def load(cls, folder: Path) -> Positions:
        """Opens saved positions without reading them (memory-mapped)."""
        return cls(
            *(np.load(folder / f"{field}.npy", mmap_mode="r") for field in ("boards", "repeated", "labels", "games"))
        )

    def select(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Positions:
        return Positions(self.boards[rows], self.repeated[rows], self.labels[rows], self.games[rows])


def unpack(boards: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The 64 codes of packed positions: [n, 32] -> [n, 64]."""
    return np.stack((boards & 15, boards >> 4), -1).reshape(len(boards), 64)


def planes(boards: NDArray[np.uint8], repeated: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The input of the network for packed positions: [n, 32] -> [n, 15, 8, 8], as `encoding.planes`."""
    features = PLANES_OF[unpack(boards)].transpose(0, 2, 1)
    last = np.broadcast_to(repeated[:, None, None], (len(boards), 1, 64))
    return np.concatenate((features, last), 1, dtype=np.uint8).reshape(-1, 15, 8, 8)


def read_pairs(path: Path) -> tuple[NDArray[np.uint16], NDArray[np.int64], bool]:
    """The pairs of a games file, uint16 [n, 2]; the rows that end a game; whether the file ends with one of them."""
    numbers = np.fromfile(path, "<u2")
    pairs = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    ends = np.flatnonzero((pairs == UNLABELLED).all(1))
    return pairs, ends, len(numbers) % 2 == 0 and len(ends) > 0 and int(ends[-1]) == len(pairs) - 1


def read_games(path: Path) -> list[NDArray[np.uint16]]:
    """The games of a file, each uint16 [plies, 2]. Raises ValueError if the file is cut or no games file."""
    pairs, ends, whole = read_pairs(path)
    if not whole:
        raise ValueError(
            f"{path} is not a whole games file: it does not end with the end of a game; "
            "`proofmate label` with its seed cuts off the rest and continues it"
        )
    return [game[:-1] for game in np.split(pairs, ends[:-1] + 1)] if len(ends) > 1 else [pairs[:-1]]


def decode(games: Sequence[NDArray[np.uint16]]) -> Positions:
    """All labelled positions of the games, with the number of their game. The moves are trusted to be legal.

    A position occurred before as FIDE article 9.2.2 says: same squares, mover, castling and en passant rights.
    """
    placed = [int((game[:32, 1] == PLACED).sum()) for game in games]
    # Longest first: the games still running are a prefix.
    order = np.argsort([n - len(game) for n, game in zip(placed, games, strict=True)], kind="stable")
    lengths = np.array([len(games[g]) - placed[g] for g in order])
    moves = np.full((len(games), max(lengths, default=0), 2), UNLABELLED, np.uint16)
    squares = np.tile(_initial_squares(), (len(games), 1))
    castling = np.ones((len(games), 4), bool)
    for row, g in enumerate(order):
        setup, moves[row, : lengths[row]] = games[g][: placed[g], 0], games[g][placed[g] :]
        if placed[g]:
            squares[row], castling[row] = 0, False
            squares[row, setup & 63] = setup >> 6
    history = np.zeros(moves.shape[:2], np.uint64)
    parts = []
    double_push = np.full(len(games), -1)  # where a pawn just moved two squares, else -1
    for ply in range(moves.shape[1]):
        running = int(np.searchsorted(-lengths, -ply))  # games longer than ply
        black = ply % 2
        codes = _movers_view(squares[:running], castling[:running], double_push[:running], black)
        boards = (codes[:, ::2] | codes[:, 1::2] << 4).astype(np.uint8)
        key = _keys(boards)
        repeated = (history[:running, black:ply:2] == key[:, None]).any(1)
        history[:running, ply] = key
        labelled = np.flatnonzero(moves[:running, ply, 1] != UNLABELLED)
        labels = POLICY_OF[moves[labelled, ply, 1] ^ (_FLIP if black else 0)]
        parts.append((boards[labelled], repeated[labelled], labels, order[labelled].astype(np.uint32)))
        double_push[:running] = _push(squares[:running], castling[:running], moves[:running, ply, 0])
    return Positions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _keys(boards: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A 64-bit hash of each packed position."""
    keys = np.zeros(len(boards), np.uint64)
    for column in range(boards.shape[1]):
        keys ^= _ZOBRIST[column][boards[:, column]]
    return keys


_FLIP = 56 | 56 << 6  # turns both squares of a move number upside down


def _policy_table() -> NDArray[np.uint16]:
    """The policy index of White's moves by move number; UNLABELLED where no piece moves so."""
    table = np.full(1 << 16, UNLABELLED, np.uint16)
    for number in range(6 << 12):
        try:
            table[number] = policy_index(unpack_move(number), chess.WHITE)
        except ValueError:
            continue
    return table


POLICY_OF = _policy_table()


def piece_number(piece: chess.Piece) -> int:
    """1..6 for White's pawn .. king, 7..12 for Black's."""
    return piece.piece_type + (0 if piece.color else BLACK)


def _initial_squares() -> NDArray[np.uint8]:
    board = chess.Board()
    pieces = (board.piece_at(square) for square in chess.SQUARES)
    return np.array([piece_number(piece) if piece else 0 for piece in pieces], np.uint8)


def _movers_view(
    squares: NDArray[np.uint8], castling: NDArray[np.bool_], double_push: NDArray[np.int64], black: int
) -> NDArray[np.uint8]:
    """The codes of positions given as absolute pieces [n, 64], castling rights [n, 4] and the last double push [n]."""
    codes = _MOVERS_CODE[black][squares]
    for right in range(4):
        of_mover = (right >= 2) == bool(black)
        codes[castling[:, right], CORNERS[right]] = CASTLING_ROOK + (not of_mover)
    for n in np.flatnonzero(double_push >= 0):
        if _en_passant_is_legal(squares[n], int(double_push[n]), bool(black)):
            codes[n, double_push[n] + (-8 if black else 8)] = EN_PASSANT
    return np.ascontiguousarray(codes.reshape(-1, 8, 8)[:, ::-1].reshape(-1, 64)) if black else codes


def _en_passant_is_legal(squares: NDArray[np.uint8], pushed: int, black: bool) -> bool:
    """Whether the mover may capture the pawn that just moved two squares to `pushed` (rare: asked of python-chess)."""
    capturer = PAWN + (BLACK if black else 0)
    beside = [pushed + step for step in (-1, 1) if 0 <= pushed % 8 + step < 8]
    if not any(squares[square] == capturer for square in beside):
        return False
    board = chess.Board(None)
    for square in np.flatnonzero(squares):
        code = int(squares[square])
        board.set_piece_at(int(square), chess.Piece((code - 1) % 6 + 1, code <= BLACK))
    board.turn = not black
    board.ep_square = pushed + (-8 if black else 8)
    return board.has_legal_en_passant()


def _push(squares: NDArray[np.uint8], castling: NDArray[np.bool_], numbers: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Plays one move in every position, in place. Returns where a pawn moved two squares, else -1."""
    n = np.arange(len(squares))
    origin, target, promotion = (numbers & 63).astype(np.int64), (numbers >> 6 & 63).astype(np.int64), numbers >> 12
    piece, captured = squares[n, origin], squares[n, target]
    kind, black = (piece - 1) % BLACK + 1, (piece > BLACK) * BLACK
    squares[n, target] = np.where(promotion > 0, promotion + black, piece)
    squares[n, origin] = 0

    pawn = kind == PAWN
    en_passant = n[pawn & ((origin - target) % 8 != 0) & (captured == 0)]
    squares[en_passant, (origin - origin % 8 + target % 8)[en_passant]] = 0

    # Castling: the rook comes from the corner to beside the king's old square.
    for step, corner, beside in ((2, 3, 1), (-2, -4, -1)):
        castles = n[(kind == KING) & (target - origin == step)]
        squares[castles, origin[castles] + corner] = 0
        squares[castles, origin[castles] + beside] = ROOK + black[castles]
    for right in range(4):
        moved = [(square == CORNERS[right]) | (square == KINGS_HOME[right]) for square in (origin, target)]
        castling[:, right] &= ~(moved[0] | moved[1])
    return np.where(pawn & (abs(target - origin) == 16), target, -1)


HELD_OUT = 0.01
"""The share of games that training does not see."""


def split(
    positions: Positions, held_out: float = HELD_OUT, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows for training and held-out rows: split by game; no held-out position occurs in training."""
    games = np.random.default_rng(seed).random(int(positions.games.max()) + 1) < held_out
    is_held_out = games[positions.games]
    keys = _keys(np.asarray(positions.boards))
    training, other = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    # Of millions of training keys, isin sorts only those that begin as a held-out key does.
    begins = np.zeros(1 << 24, bool)
    begins[keys[other] >> np.uint64(40)] = True
    candidates = keys[training[begins[keys[training] >> np.uint64(40)]]]
    return training, other[~np.isin(keys[other], candidates)]


def batches(rows: NDArray[np.int64], size: int, seed: int, start: int = 0) -> Iterator[NDArray[np.int64]]:
    """Endless shuffled batches of rows, epoch after epoch; `start` skips that many, so that training can resume."""
    per_epoch = len(rows) // size
    for epoch in range(start // per_epoch, 1 << 31):
        shuffled = np.random.default_rng((seed, epoch)).permutation(rows)
        for batch in range(start - epoch * per_epoch if epoch == start // per_epoch else 0, per_epoch):
            yield shuffled[batch * size : (batch + 1) * size]


def mixed_batches(
    sources: Sequence[NDArray[np.int64]], sizes: Sequence[int], seed: int, start: int = 0
) -> Iterator[NDArray[np.int64]]:
    """Batches of so many rows of each source, in random order; `start` as in `batches`."""
    parts = [batches(rows, size, seed, start) for rows, size in zip(sources, sizes, strict=True)]
    for step, batch in enumerate(zip(*parts, strict=True), start):
        yield np.random.default_rng((seed, step)).permutation(np.concatenate(batch))


def board_of(packed: NDArray[np.uint8]) -> chess.Board:
    """A packed position [32] as a board, seen from the mover's side: the mover is White."""
    board = chess.Board(None)
    codes = unpack(packed[None])[0]
    for square in map(int, np.flatnonzero(codes)):
        code = int(codes[square])
        if code == EN_PASSANT:
            board.ep_square = square
            continue
        if code >= CASTLING_ROOK:
            board.castling_rights |= chess.BB_SQUARES[square]
            code = ROOK + (code - CASTLING_ROOK) * BLACK
        board.set_piece_at(square, chess.Piece((code - 1) % BLACK + 1, code <= BLACK))
    return board
