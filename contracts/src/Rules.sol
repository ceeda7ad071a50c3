// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, Ending, MoveSet, Position} from "./Chess.sol";
import {Encoding} from "./Encoding.sol";

/// @title The laws of chess and the network's encoding, in a contract that Game's constructor makes: Game has no room for them
/// (EIP-170).
/// @notice Stateless and without an owner. Chess and Encoding say what the functions promise; their errors reach Game's caller.
contract Rules {
    function isSound(Position memory position) external pure returns (bool) {
        return Chess.isSound(position);
    }

    function legalMoves(Position memory position) external pure returns (MoveSet memory) {
        return Chess.legalMoves(position);
    }

    function play(Position memory position, uint16 move) external pure returns (Position memory) {
        return Chess.play(position, move);
    }

    function ending(Position memory position, uint256 occurrences) external pure returns (Ending) {
        return Chess.ending(position, occurrences);
    }

    /// @notice Judges the network's move: reverts unless the bitmap makes it the best legal one.
    /// @return words The public words of the position.
    /// @return next The position after the move.
    function playBest(Position memory position, bool repeated, uint256[25] calldata bitmap, uint16 move)
        external
        pure
        returns (uint256[5] memory words, Position memory next)
    {
        Encoding.checkBitmap(position, bitmap, move);
        return (Encoding.boardWords(position, repeated), Chess.play(position, move));
    }
}
