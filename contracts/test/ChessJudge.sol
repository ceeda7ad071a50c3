// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, Ending, MoveSet, Position} from "../src/Chess.sol";
import {Encoding} from "../src/Encoding.sol";

/// @notice The libraries as a contract, for tests from Python: one call judges many positions.
contract ChessJudge {
    /// What the rules say of one position: the moves judged, one bit a move by either test, and the successors of the legal ones.
    struct Verdict {
        uint256[] legal;
        uint256[] contained;
        Position[] successors;
        Ending ending;
        uint256[5] words;
    }

    /// Gas of the calls a game makes, each on its own.
    struct Costs {
        uint256 apply_;
        uint256 encode;
        uint256 bitmap;
        uint256 legal;
        uint256 moves;
    }

    function judge(Position[] memory positions, uint256[] memory occurrences, uint16[][] memory moves)
        external
        pure
        returns (Verdict[] memory verdicts)
    {
        verdicts = new Verdict[](positions.length);
        for (uint256 i = 0; i < positions.length; ++i) {
            verdicts[i] = _judge(positions[i], occurrences[i], moves[i]);
        }
    }

    function _judge(Position memory position, uint256 occurrences, uint16[] memory moves)
        private
        pure
        returns (Verdict memory verdict)
    {
        verdict.legal = new uint256[](moves.length / 256 + 1);
        verdict.contained = new uint256[](moves.length / 256 + 1);
        verdict.successors = new Position[](moves.length);
        verdict.ending = Chess.ending(position, occurrences);
        verdict.words = Encoding.boardWords(position, occurrences > 1);
        MoveSet memory set = Chess.legalMoves(position);
        for (uint256 m = 0; m < moves.length; ++m) {
            if (Chess.contains(set, moves[m])) verdict.contained[m / 256] |= 1 << m % 256;
            uint256 free = _free();
            if (Chess.isLegal(position, moves[m])) {
                verdict.legal[m / 256] |= 1 << m % 256;
                Position memory next = Chess.play(position, moves[m]);
                (verdict.successors[m].board, verdict.successors[m].state) = (next.board, next.state);
            }
            _release(free);
        }
    }

    function checkBitmap(Position memory position, uint256[25] calldata bitmap, uint16 move) external pure {
        Encoding.checkBitmap(position, bitmap, move);
    }

    function policy(Position memory position, uint16[] memory moves)
        external
        pure
        returns (uint256[] memory indices, uint256[] memory words, uint256[] memory masks, uint16[] memory back)
    {
        indices = new uint256[](moves.length);
        words = new uint256[](moves.length);
        masks = new uint256[](moves.length);
        back = new uint16[](moves.length);
        for (uint256 m = 0; m < moves.length; ++m) {
            indices[m] = Encoding.policyIndex(position, moves[m]);
            (words[m], masks[m]) = Encoding.policyBit(position, moves[m]);
            back[m] = Encoding.moveAt(position, indices[m]);
        }
    }

    /// @notice Gas of playing a move and judging what follows, of the words and of the bitmap check, of one move's test and of all moves.
    function costs(Position memory position, uint16 move, uint256[25] calldata bitmap)
        external
        view
        returns (Costs memory gas)
    {
        uint256 before = gasleft();
        Position memory next = Chess.play(position, move);
        Chess.ending(next, 1);
        gas.apply_ = before - gasleft();
        before = gasleft();
        Encoding.boardWords(position, false);
        gas.encode = before - gasleft();
        before = gasleft();
        Encoding.checkBitmap(position, bitmap, move);
        gas.bitmap = before - gasleft();
        before = gasleft();
        Chess.isLegal(position, move);
        gas.legal = before - gasleft();
        before = gasleft();
        Chess.legalMoves(position);
        gas.moves = before - gasleft();
    }

    function _free() private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    function _release(uint256 pointer) private pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }
}
