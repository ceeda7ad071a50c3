"""The contract's packed positions and python-chess boards.

A position is two words, as drawn in `Chess.sol`. `board` has a nibble a square, a1 lowest: 0 empty, 1..6 White's pawn,
knight, bishop, rook, queen and king, 9..14 Black's. `state`, from its lowest bit:

    bit    0        1..4          5..11           12..19            20..31
        [ black to move ][ castling KQkq ][ e.p. square + 1 ][ halfmove clock ][ ply since the opening ]
"""

from __future__ import annotations

from typing import NamedTuple

import chess
from eth_hash.auto import keccak

CASTLING_ROOKS = (chess.H1, chess.A1, chess.H8, chess.A8)


class Position(NamedTuple):
    """A position as the contract keeps it."""

    board: int
    state: int

    @property
    def ply(self) -> int:
        """Half-moves since the game's opening."""
        return self.state >> 20 & 0xFFF

    @property
    def turn(self) -> chess.Color:
        return chess.BLACK if self.state & 1 else chess.WHITE

    @property
    def key(self) -> str:
        """What repetition compares and ballots sign: 0x-prefixed keccak256(abi.encode(board, state & 0xFFF))."""
        words = self.board.to_bytes(32, "big") + (self.state & 0xFFF).to_bytes(32, "big")
        return "0x" + keccak(words).hex()

    @property
    def fen(self) -> str:
        """FEN, with an en passant square only where a capture is legal."""
        return self.unpack().fen()

    def unpack(self) -> chess.Board:
        """The position as a board without a move stack. Raises ValueError for a nibble that is no piece."""
        board = chess.Board(None)
        for square in chess.SQUARES:
            if nibble := self.board >> 4 * square & 15:
                if not 1 <= nibble & 7 <= 6:
                    raise ValueError(f"{nibble} on {chess.square_name(square)} is not a piece")
                board.set_piece_at(square, chess.Piece(nibble & 7, nibble < 8))
        board.turn = self.turn
        for bit, rook in enumerate(CASTLING_ROOKS, start=1):
            if self.state >> bit & 1:
                board.castling_rights |= chess.BB_SQUARES[rook]
        en_passant = self.state >> 5 & 0x7F
        board.ep_square = en_passant - 1 if en_passant else None
        board.halfmove_clock = self.state >> 12 & 0xFF
        black_began = (self.ply + (self.turn == chess.BLACK)) % 2
        board.fullmove_number = 1 + (self.ply + black_began) // 2
        return board

    @classmethod
    def pack(cls, board: chess.Board, ply: int) -> Position:
        """The words of a board, `ply` half-moves after its game's opening."""
        squares = sum(
            (piece.piece_type + (0 if piece.color else 8)) << 4 * square for square, piece in board.piece_map().items()
        )
        rights = board.clean_castling_rights()
        castling = sum(bool(rights & chess.BB_SQUARES[rook]) << bit for bit, rook in enumerate(CASTLING_ROOKS, start=1))
        en_passant = board.ep_square + 1 if board.ep_square is not None and board.has_legal_en_passant() else 0
        state = (not board.turn) | castling | en_passant << 5 | board.halfmove_clock << 12 | ply << 20
        return cls(squares, state)
