// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "./IGame.sol";
import {Proven} from "./Proven.sol";
import {Rules} from "./Rules.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title The models that can play and the books of openings: append-only, kept by the owner.
abstract contract Registry is IGame, Ownable2Step {
    /// @dev An opening is two words: board, state.
    uint256 private constant OPENING_BYTES = 64;
    /// @dev How long stakers can look at a model or a book before games use it.
    uint256 private constant NOTICE = 1 days;

    /// @dev A data contract, whose code is STOP, then the openings; and when games may use it.
    struct Book {
        address pointer;
        uint64 usableFrom;
    }

    /// @inheritdoc IGame
    Rules public immutable rules = new Rules();

    Model[] private _models;
    Book[] private _books;

    constructor() Ownable(msg.sender) {}

    /// @inheritdoc IGame
    function owner() public view override(IGame, Ownable) returns (address) {
        return Ownable.owner();
    }

    /// @inheritdoc IGame
    function addModel(address verifier, bool insecure, bytes32 networkHash, bytes calldata sample)
        external
        onlyOwner
        returns (uint32 number)
    {
        Proven.Pin memory pinned = rules.pin(verifier, sample);
        number = uint32(_models.length);
        // A transaction's data hold less than 2^24 bytes.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint24 proofBytes = uint24(pinned.proofBytes);
        Model memory added = Model(verifier, insecure, proofBytes, _usableFrom(), pinned.codeHash, networkHash);
        _models.push(added);
        emit ModelAdded(number, verifier, insecure, proofBytes, added.usableFrom, added.codeHash, networkHash);
    }

    /// @return Whether this is a chain of one's own (anvil's or ganache's id), where no real money is at stake.
    function _isLocal() internal view returns (bool) {
        return block.chainid == 31337 || block.chainid == 1337;
    }

    function _usableFrom() private view returns (uint64) {
        return uint64(_isLocal() ? block.timestamp : block.timestamp + NOTICE);
    }

    function _checkUsable(uint256 usableFrom) internal view {
        if (block.timestamp < usableFrom) revert NotYetUsable(block.timestamp, usableFrom);
    }

    /// @inheritdoc IGame
    function addBook(bytes calldata words) external onlyOwner returns (uint32 number) {
        rules.checkBook(words);
        number = uint32(_books.length);
        Book memory added = Book(_store(words), _usableFrom());
        _books.push(added);
        emit BookAdded(number, added.pointer, words.length / OPENING_BYTES, added.usableFrom);
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
    function bookUsableFrom(uint32 book) public view returns (uint64) {
        return _book(book).usableFrom;
    }

    /// @inheritdoc IGame
    function openings(uint32 book) public view returns (uint256) {
        return (_book(book).pointer.code.length - 1) / OPENING_BYTES;
    }

    /// @inheritdoc IGame
    function opening(uint32 book, uint256 index) public view returns (uint256 board, uint256 state) {
        address pointer = _book(book).pointer;
        if (index >= openings(book)) revert UnknownOpening(book, index);
        assembly ("memory-safe") {
            // The scratch space holds the two words.
            extcodecopy(pointer, 0, add(1, mul(index, OPENING_BYTES)), OPENING_BYTES)
            board := mload(0)
            state := mload(32)
        }
    }

    function _book(uint32 number) private view returns (Book storage) {
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
