// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, MoveSet, Position} from "../src/Chess.sol";
import {Encoding} from "../src/Encoding.sol";

/// @notice The libraries as a contract, for tests from Python (tests/contracts/judge.py).
contract ChessJudge {
    /// @notice Gas of the steps of a game, each on its own.
    struct Costs {
        uint256 play;
        uint256 ending;
        uint256 boardWords;
        uint256 checkBitmap;
        uint256 isLegal;
        uint256 legalMoves;
    }

    /// @notice Judges many positions in one call.
    ///
    ///   question: board (32) | state (32) | occurrences (1) | n (2) | n moves (2 each)
    ///   answer:   ending (1) | 5 words (32 each) | n bytes: 1 isLegal + 2 contains | if the first move is legal: board and state after it
    function judge(bytes calldata questions) external pure returns (bytes memory answers) {
        answers = new bytes(questions.length * 4);
        uint256 length = 0;
        while (questions.length != 0) {
            uint256 free = _memory();
            uint256 size = 67 + 2 * uint256(uint16(bytes2(questions[65:])));
            bytes memory answer = _judge(questions[:size]);
            for (uint256 i = 0; i < answer.length; i += 32) {
                assembly ("memory-safe") {
                    mstore(add(add(answers, 32), add(length, i)), mload(add(add(answer, 32), i)))
                }
            }
            length += answer.length;
            questions = questions[size:];
            _forget(free);
        }
        assembly ("memory-safe") {
            mstore(answers, length)
        }
    }

    function _judge(bytes calldata question) private pure returns (bytes memory answer) {
        Position memory position = Position(uint256(bytes32(question)), uint256(bytes32(question[32:])));
        uint256 occurrences = uint8(question[64]);
        MoveSet memory set = Chess.legalMoves(position);
        bytes memory flags = new bytes(uint16(bytes2(question[65:])));
        bytes memory next;
        for (uint256 m = 0; m < flags.length; ++m) {
            uint16 move = uint16(bytes2(question[67 + 2 * m:]));
            bool legal = Chess.isLegal(position, move);
            flags[m] = bytes1((legal ? 1 : 0) | (Chess.contains(set, move) ? 2 : 0));
            if (m == 0 && legal) {
                Position memory after_ = Chess.play(position, move);
                next = abi.encode(after_.board, after_.state);
            }
        }
        uint8 ending = uint8(Chess.ending(position, occurrences));
        return bytes.concat(bytes1(ending), abi.encode(Encoding.boardWords(position, occurrences > 1)), flags, next);
    }

    function key(Position memory position) external pure returns (bytes32) {
        return Chess.key(position);
    }

    function checkBitmap(Position memory position, uint256[25] calldata bitmap, uint16 move) external pure {
        Encoding.checkBitmap(position, bitmap, move);
    }

    /// @notice Gas of playing a move, of judging what follows, of the words, the bitmap check, one move's test, all moves.
    function costs(Position memory position, uint16 move, uint256[25] calldata bitmap)
        external
        view
        returns (Costs memory gas)
    {
        uint256 left = gasleft();
        Position memory next = Chess.play(position, move);
        gas.play = left - gasleft();
        left = gasleft();
        Chess.ending(next, 1);
        gas.ending = left - gasleft();
        left = gasleft();
        Encoding.boardWords(position, false);
        gas.boardWords = left - gasleft();
        left = gasleft();
        Encoding.checkBitmap(position, bitmap, move);
        gas.checkBitmap = left - gasleft();
        left = gasleft();
        Chess.isLegal(position, move);
        gas.isLegal = left - gasleft();
        left = gasleft();
        Chess.legalMoves(position);
        gas.legalMoves = left - gasleft();
    }

    function _memory() private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    function _forget(uint256 pointer) private pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }
}
