// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, MoveSet, Position} from "./Chess.sol";

/// @title What a proof says about a position: its public words, and the exact legal argmax.
/// @notice The same picture as `engine/encoding.py`, tied to it by `tests/vectors/`. A word holds three planes of 72 bits, the
/// lowest numbered on top:
///
///   bit 215        144 143         72 71           0
///       [ plane 3w    ][ plane 3w + 1 ][ plane 3w + 2 ]      a last word with one plane holds it at bit 0
///
/// Board: 5 words, the planes of `Chess` with the spare one full if the position occurred before. Bitmap: 25 words, plane k holds
/// the origins of the moves of kind k that the network ranks at least as high as the move played. The policy index of a move is
/// 64 kind + origin square, from the mover's side.
library Encoding {
    /// The word has a bit outside the squares of its planes.
    error BitmapOutOfRange(uint256 word);
    /// The move claimed is not in the bitmap.
    error MoveNotSet(uint16 move);
    /// Another legal move is in the bitmap, so it ranks higher.
    error BetterMoveSet(uint16 move);
    /// No piece moves like that.
    error NoSuchMove(uint16 move);
    /// No move has this policy index.
    error NoSuchIndex(uint256 index);

    uint256 private constant THREE_BOARDS = Chess.BOARD << 144 | Chess.BOARD << 72 | Chess.BOARD;

    /// @notice The five public words of a position; `repeated`: it occurred before in the game.
    function boardWords(Position memory position, bool repeated) internal pure returns (uint256[5] memory words) {
        uint256[15] memory b = Chess.planes(position);
        if (repeated) b[14] = Chess.BOARD;
        unchecked {
            for (uint256 w = 0; w < 5; ++w) {
                words[w] = b[3 * w] << 144 | b[3 * w + 1] << 72 | b[3 * w + 2];
            }
        }
    }

    /// @notice Where a move stands in the bitmap.
    function policyBit(Position memory position, uint16 move) internal pure returns (uint256 word, uint256 mask) {
        (uint256 kind, uint256 origin) = Chess.kindOf(move, position.state & 1 != 0);
        if (kind == Chess.NO_KIND) revert NoSuchMove(move);
        return (kind / 3, kind == 72 ? origin : origin << 72 * (2 - kind % 3));
    }

    /// @notice The policy index of a move, 0..4671.
    function policyIndex(Position memory position, uint16 move) internal pure returns (uint256) {
        (uint256 kind,) = Chess.kindOf(move, position.state & 1 != 0);
        if (kind == Chess.NO_KIND) revert NoSuchMove(move);
        return 64 * kind + (position.state & 1 == 0 ? move & 63 : (move & 63) ^ 56);
    }

    /// @notice The move with a policy index; a pawn that reaches the last rank becomes a queen. Reverts if it leaves the board.
    function moveAt(Position memory position, uint256 index) internal pure returns (uint16 move) {
        if (index < 4672) move = Chess.moveOf(position, index / 64, index % 64);
        if (move == 0) revert NoSuchIndex(index);
    }

    /// @notice Accepts exactly the bitmaps that say: of the legal moves, the network ranks `move` first. Reverts otherwise.
    function checkBitmap(Position memory position, uint256[25] calldata bitmap, uint16 move) internal pure {
        MoveSet memory legal = Chess.legalMoves(position);
        if (!Chess.contains(legal, move)) revert Chess.IllegalMove(move);
        (uint256 word, uint256 mask) = policyBit(position, move);
        if (bitmap[word] & mask == 0) revert MoveNotSet(move);
        uint256[73] memory m = legal.origins;
        unchecked {
            for (uint256 w = 0; w < 25; ++w) {
                uint256 set = bitmap[w];
                uint256 squares = w == 24 ? Chess.BOARD : THREE_BOARDS;
                if (set & ~squares != 0) revert BitmapOutOfRange(w);
                set &= w == 24 ? m[72] : m[3 * w] << 144 | m[3 * w + 1] << 72 | m[3 * w + 2];
                if (w == word) set ^= mask;
                if (set != 0) _refuse(position, w, set);
            }
        }
    }

    /// Reverts with the move of one bit of a bitmap word.
    function _refuse(Position memory position, uint256 word, uint256 set) private pure {
        unchecked {
            uint256 bit = 0;
            while (set >> bit & 1 == 0) ++bit;
            uint256 kind = word == 24 ? 72 : 3 * word + 2 - bit / 72;
            bit %= 72;
            revert BetterMoveSet(Chess.moveOf(position, kind, bit - bit / 9));
        }
    }
}
