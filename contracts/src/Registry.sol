// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Position} from "./Chess.sol";
import {IGame} from "./IGame.sol";
import {Rules} from "./Rules.sol";

/// @title The models that can play and the books of openings: append-only, kept by the owner.
abstract contract Registry is IGame {
    /// @dev An opening is two words: board, state.
    uint256 private constant OPENING_BYTES = 64;
    /// @dev EIP-170 allows 24,576 bytes of code, and one is the STOP.
    uint256 private constant MAX_BOOK_BYTES = 24_575;
    /// @dev How the code of an account that delegates begins (EIP-7702); no other code can (EIP-3541).
    bytes2 private constant DELEGATES = 0xef01;

    /// @inheritdoc IGame
    Rules public immutable rules = new Rules();
    /// @inheritdoc IGame
    address public immutable owner = msg.sender;

    Model[] private _models;
    /// @dev Data contracts; their code is STOP, then the openings.
    address[] private _books;

    modifier onlyOwner() {
        _checkOwner();
        _;
    }

    function _checkOwner() private view {
        if (msg.sender != owner) revert NotOwner(msg.sender);
    }

    /// @inheritdoc IGame
    function addModel(address verifier, bool insecure, bytes32 networkHash) external onlyOwner returns (uint32 number) {
        if (verifier.code.length == 0 || bytes2(verifier.code) == DELEGATES) revert NoCode(verifier);
        number = uint32(_models.length);
        bytes32 codeHash = verifier.codehash;
        _models.push(Model(verifier, insecure, codeHash, networkHash));
        emit ModelAdded(number, verifier, insecure, codeHash, networkHash);
    }

    /// @inheritdoc IGame
    function addBook(bytes calldata words) external onlyOwner returns (uint32 number) {
        if (words.length == 0 || words.length > MAX_BOOK_BYTES || words.length % OPENING_BYTES != 0) {
            revert BadBook(words.length);
        }
        uint256 count = words.length / OPENING_BYTES;
        for (uint256 i = 0; i < count; ++i) {
            (uint256 board, uint256 state) = abi.decode(words[i * OPENING_BYTES:], (uint256, uint256));
            if (state >> 20 != 0 || !rules.isSound(Position(board, state))) revert BadOpening(i, board, state);
        }
        number = uint32(_books.length);
        address pointer = _store(words);
        _books.push(pointer);
        emit BookAdded(number, pointer, count);
    }

    /// @inheritdoc IGame
    function models() public view returns (uint256) {
        return _models.length;
    }

    /// @inheritdoc IGame
    function model(uint32 number) public view returns (Model memory) {
        if (number >= _models.length) revert UnknownModel(number);
        return _models[number];
    }

    /// @inheritdoc IGame
    function books() public view returns (uint256) {
        return _books.length;
    }

    /// @inheritdoc IGame
    function openings(uint32 book) public view returns (uint256) {
        return (_book(book).code.length - 1) / OPENING_BYTES;
    }

    /// @inheritdoc IGame
    function opening(uint32 book, uint256 index) public view returns (uint256 board, uint256 state) {
        address pointer = _book(book);
        if (index >= openings(book)) revert UnknownOpening(book, index);
        assembly ("memory-safe") {
            // The scratch space holds the two words.
            extcodecopy(pointer, 0, add(1, mul(index, OPENING_BYTES)), OPENING_BYTES)
            board := mload(0)
            state := mload(32)
        }
    }

    function _book(uint32 number) private view returns (address) {
        if (number >= _books.length) revert UnknownBook(number);
        return _books[number];
    }

    /// @dev Creates a contract whose code is STOP ++ data: no call can run it.
    function _store(bytes calldata data) private returns (address pointer) {
        // Creation code: PUSH2 size, DUP1, PUSH1 10, RETURNDATASIZE (zero), CODECOPY, RETURNDATASIZE, RETURN. EIP-170 bounds the size.
        bytes memory creation = abi.encodePacked(hex"61", uint16(data.length + 1), hex"80600a3d393df3", bytes1(0), data);
        assembly ("memory-safe") {
            pointer := create(0, add(creation, 32), mload(creation))
        }
        if (pointer == address(0)) revert BadBook(data.length);
    }
}
