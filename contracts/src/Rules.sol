// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, Ending, MoveSet, Position} from "./Chess.sol";
import {Encoding} from "./Encoding.sol";
import {IGame} from "./IGame.sol";
import {Pool} from "./Pool.sol";
import {Proven} from "./Proven.sol";

/// @title The laws of chess, the network's encoding, what an owner may add and create, and old block hashes, in a contract that Game's
/// constructor makes: Game has no room for them (EIP-170).
/// @notice Stateless and without an owner. Chess, Encoding and IGame say what the functions promise; their errors reach Game's caller.
contract Rules {
    /// @dev An opening is two words: board, state.
    uint256 private constant OPENING_BYTES = 64;
    /// @dev A proof's public words: 25 of the bitmap, 5 of the board, the context.
    uint256 private constant BITMAP_WORDS = 25;
    uint256 private constant WORDS = 31;
    /// @dev EIP-170 allows 24,576 bytes of code, and one is the STOP.
    uint256 private constant MAX_BOOK_BYTES = 24_575;
    /// @dev Where EIP-2935 keeps the last 8,191 block hashes.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    uint256 private constant MAX_PERIOD = 30 days;
    uint256 private constant MAX_FEE = 500;
    /// @dev What a pool may hold.
    uint256 private constant MAX_POOL = type(uint80).max;

    function legalMoves(Position memory position) external pure returns (MoveSet memory) {
        return Chess.legalMoves(position);
    }

    function play(Position memory position, uint16 move) external pure returns (Position memory) {
        return Chess.play(position, move);
    }

    function ending(Position memory position, uint256 occurrences) external pure returns (Ending) {
        return Chess.ending(position, occurrences);
    }

    /// @notice Reverts unless the words are a book of openings (see IGame.addBook).
    function checkBook(bytes calldata words) external pure {
        if (words.length == 0 || words.length > MAX_BOOK_BYTES || words.length % OPENING_BYTES != 0) {
            revert IGame.BadBook(words.length);
        }
        for (uint256 i = 0; i < words.length / OPENING_BYTES; ++i) {
            (uint256 board, uint256 state) = abi.decode(words[i * OPENING_BYTES:], (uint256, uint256));
            Position memory position = Position(board, state);
            if (state >> 20 != 0 || !Chess.isSound(position) || Chess.ending(position, 1) != Ending.None) {
                revert IGame.BadOpening(i, board, state);
            }
        }
    }

    /// @notice Reverts unless a verifier refuses garbage and accepts the sample (see IGame.addModel and Proven.pin).
    function pin(address verifier, bytes calldata sample) external view returns (Proven.Pin memory) {
        return Proven.pin(verifier, BITMAP_WORDS, WORDS, sample);
    }

    /// @notice Reverts unless a game may have these terms (see IGame.createGame).
    function checkTerms(IGame.Terms calldata terms, uint256 pot, bool isLocal) external pure {
        // A lobby without a period holds Leela's stakes, pot and fund until the World stakes: for ever, if it never does.
        _checkTerm("lobbyPeriod", terms.lobbyPeriod, isLocal ? 0 : 1, MAX_PERIOD);
        _checkTerm("votingPeriod", terms.votingPeriod, 1, MAX_PERIOD);
        _checkTerm("minPeriod", terms.minPeriod, 0, terms.votingPeriod);
        _checkTerm("provingPeriod", terms.provingPeriod, 1, MAX_PERIOD);
        _checkTerm("quorum", terms.quorum, 0, Pool.BASIS_POINTS);
        _checkTerm("fee", terms.fee, 0, MAX_FEE);
        _checkTerm("maxOdds", terms.maxOdds, terms.leelaPoolOpen ? 1 : 0, type(uint16).max);
        _checkTerm("maxPly", terms.maxPly, 1, Chess.MAX_PLY);
        _checkTerm("minStake", terms.minStake, 1, MAX_POOL);
        if (pot != 0 || terms.maxStake != 0) _checkTerm("maxStake", terms.maxStake, terms.minStake, MAX_POOL);
    }

    /// @return hash Of a block before this one; 0 if the chain has forgotten it.
    function blockHash(uint256 number) external view returns (bytes32 hash) {
        hash = blockhash(number);
        if (hash == 0) {
            (bool known, bytes memory answer) = HISTORY.staticcall(abi.encode(number));
            // forge-lint: disable-next-line(unsafe-typecast)
            if (known && answer.length == 32) hash = bytes32(answer);
        }
    }

    function _checkTerm(string memory term, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert IGame.TermOutOfRange(term, value, least, most);
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
