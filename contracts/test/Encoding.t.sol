// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, MoveSet, Position} from "../src/Chess.sol";
import {Encoding} from "../src/Encoding.sol";
import {Fen} from "./Fen.sol";
import {Test} from "./Test.sol";

contract EncodingTest is Test {
    string private constant KIWIPETE = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1";
    uint256 private constant FULL = Chess.BOARD << 144 | Chess.BOARD << 72 | Chess.BOARD;

    // ----------------------------------------------------------------------------------------------------- vectors

    /// One entry of tests/vectors/positions.json, its fields in the order of their names.
    struct Vector {
        uint256 board;
        string fen;
        uint256[] indices;
        uint256[] moves;
        string name;
        bool repeated;
        uint256 state;
        uint256[] words;
    }

    /// Words, legal moves and policy indices equal the shared vectors, in full.
    function test_vectors() external view {
        string memory json = vm.readFile("../tests/vectors/positions.json");
        Vector[] memory vectors = abi.decode(
            vm.parseJsonTypeArray(
                json,
                "$",
                "Vector(uint256 board,string fen,uint256[] indices,uint256[] moves,string name,bool repeated,uint256 state,uint256[] words)"
            ),
            (Vector[])
        );
        vm.assertGt(vectors.length, 1000);
        for (uint256 i = 0; i < vectors.length; ++i) {
            _compare(vectors[i]);
        }
    }

    function _compare(Vector memory vector) private pure {
        Position memory p = Position(vector.board, vector.state);
        vm.assertTrue(Chess.isSound(Position(p.board, p.state & 0xfff)), vector.fen);
        uint256[5] memory words = Encoding.boardWords(p, vector.repeated);
        for (uint256 w = 0; w < 5; ++w) {
            vm.assertEq(words[w], vector.words[w], vector.fen);
        }
        MoveSet memory moves = Chess.legalMoves(p);
        vm.assertEq(_size(moves), vector.moves.length, vector.fen);
        for (uint256 m = 0; m < vector.moves.length; ++m) {
            // forge-lint: disable-next-line(unsafe-typecast)
            uint16 move = uint16(vector.moves[m]);
            uint256 index = vector.indices[m];
            vm.assertTrue(Chess.contains(moves, move), vector.fen);
            vm.assertEq(Encoding.policyIndex(p, move), index, vector.fen);
            (uint256 word, uint256 mask) = Encoding.policyBit(p, move);
            vm.assertEq(word, index / 192, vector.fen);
            uint256 square = index % 64;
            vm.assertEq(mask, 1 << square + square / 8 + (word == 24 ? 0 : 72 * (2 - index / 64 % 3)), vector.fen);
            if (m % 8 == 0) vm.assertEq(Encoding.moveAt(p, index), move, vector.fen);
        }
    }

    function _size(MoveSet memory moves) private pure returns (uint256 size) {
        for (uint256 kind = 0; kind < 73; ++kind) {
            for (uint256 left = moves.origins[kind]; left != 0; left &= left - 1) {
                ++size;
            }
        }
    }

    // ---------------------------------------------------------------------------------------------- policy indices

    /// Every index is a move and the move's index, or leaves the board; no move is lost.
    function test_policyIndex_andBack() external view {
        string[2] memory fens = ["8/PPPPPPPP/8/8/8/8/8/8 w - - 0 1", "8/8/8/8/8/8/pppppppp/8 b - - 0 1"];
        for (uint256 side = 0; side < 2; ++side) {
            Position memory p = Fen.parse(fens[side]);
            uint256 moves = 0;
            for (uint256 index = 0; index < 4672; ++index) {
                try this.moveAt(p, index) returns (uint16 move) {
                    ++moves;
                    vm.assertEq(Encoding.policyIndex(p, move), index);
                } catch (bytes memory reason) {
                    vm.assertEq(
                        keccak256(reason), keccak256(abi.encodeWithSelector(Encoding.NoSuchIndex.selector, index))
                    );
                }
            }
            // 1,456 queen's and 336 knight's moves; 22 promotions to each of three lesser pieces from any rank but the last.
            vm.assertEq(moves, 1456 + 336 + 3 * 22 * 7);
        }
    }

    function test_moveAt_refusesNoIndex() external {
        vm.expectRevert(abi.encodeWithSelector(Encoding.NoSuchIndex.selector, 4672));
        this.moveAt(Fen.parse(KIWIPETE), 4672);
        vm.expectRevert(abi.encodeWithSelector(Encoding.NoSuchIndex.selector, type(uint256).max));
        this.moveAt(Fen.parse(KIWIPETE), type(uint256).max);
    }

    function test_policyBit_refusesNoMove() external {
        vm.expectRevert(abi.encodeWithSelector(Encoding.NoSuchMove.selector, Fen.move("a1b4")));
        this.policyBit(Fen.parse(KIWIPETE), Fen.move("a1b4"));
        vm.expectRevert(abi.encodeWithSelector(Encoding.NoSuchMove.selector, uint16(0)));
        this.policyBit(Fen.parse(KIWIPETE), 0);
    }

    // ------------------------------------------------------------------------------------------------------ bitmap

    /// A legal move alone is accepted, and so it is with every illegal move set beside it.
    function test_checkBitmap_accepts() external view {
        Position memory p = Fen.parse(KIWIPETE);
        uint256[25] memory bitmap;
        _set(bitmap, p, Fen.move("e1g1"));
        this.checkBitmap(p, bitmap, Fen.move("e1g1"));
        bitmap = _illegal(p);
        _set(bitmap, p, Fen.move("e1g1"));
        this.checkBitmap(p, bitmap, Fen.move("e1g1"));
    }

    function test_checkBitmap_refusesBetterMove() external {
        Position memory p = Fen.parse(KIWIPETE);
        uint256[25] memory bitmap = _illegal(p);
        _set(bitmap, p, Fen.move("e1g1"));
        _set(bitmap, p, Fen.move("d5e6"));
        vm.expectRevert(abi.encodeWithSelector(Encoding.BetterMoveSet.selector, Fen.move("d5e6")));
        this.checkBitmap(p, bitmap, Fen.move("e1g1"));
        // Even one that a pin, a check or a missing rook makes illegal elsewhere: every legal move is found, one by one.
        MoveSet memory moves = Chess.legalMoves(p);
        for (uint256 kind = 0; kind < 73; ++kind) {
            for (uint256 left = moves.origins[kind]; left != 0; left &= left - 1) {
                uint256 square = 0;
                while (left >> square & 1 == 0) ++square;
                uint16 move = Chess.moveOf(p, kind, square - square / 9);
                if (move == Fen.move("e1g1")) continue;
                bitmap = _illegal(p);
                _set(bitmap, p, Fen.move("e1g1"));
                _set(bitmap, p, move);
                vm.expectRevert(abi.encodeWithSelector(Encoding.BetterMoveSet.selector, move));
                this.checkBitmap(p, bitmap, Fen.move("e1g1"));
            }
        }
    }

    /// The last plane of the last word, underpromotion to a rook by a capture to the right.
    function test_checkBitmap_lastPlane() external {
        Position memory p = Fen.parse("1n1n2k1/2P5/8/8/8/8/8/4K3 w - - 0 1");
        uint256[25] memory bitmap;
        _set(bitmap, p, Fen.move("c7d8r"));
        vm.assertEq(bitmap[24], 1 << 56);
        this.checkBitmap(p, bitmap, Fen.move("c7d8r"));
        _set(bitmap, p, Fen.move("c7c8b"));
        vm.expectRevert(abi.encodeWithSelector(Encoding.BetterMoveSet.selector, Fen.move("c7d8r")));
        this.checkBitmap(p, bitmap, Fen.move("c7c8b"));
    }

    function test_checkBitmap_refusesMoveNotSet() external {
        Position memory p = Fen.parse(KIWIPETE);
        uint256[25] memory bitmap = _illegal(p);
        vm.expectRevert(abi.encodeWithSelector(Encoding.MoveNotSet.selector, Fen.move("e1g1")));
        this.checkBitmap(p, bitmap, Fen.move("e1g1"));
    }

    function test_checkBitmap_refusesIllegalMove() external {
        Position memory p = Fen.parse(KIWIPETE);
        uint256[25] memory bitmap = _illegal(p);
        vm.expectRevert(abi.encodeWithSelector(Chess.IllegalMove.selector, Fen.move("e1e3")));
        this.checkBitmap(p, bitmap, Fen.move("e1e3"));
        // A queening without its promotion has the bit of the legal move, but is none.
        p = Fen.parse("6k1/2P5/8/8/8/8/8/4K3 w - - 0 1");
        _set(bitmap, p, Fen.move("c7c8q"));
        vm.expectRevert(abi.encodeWithSelector(Chess.IllegalMove.selector, Fen.move("c7c8")));
        this.checkBitmap(p, bitmap, Fen.move("c7c8"));
    }

    /// Pads, bits above the planes and above the field: every bit that is no square is refused, in every word.
    function test_checkBitmap_refusesPads() external {
        Position memory p = Fen.parse(KIWIPETE);
        for (uint256 word = 0; word < 25; ++word) {
            uint256 squares = word == 24 ? Chess.BOARD : FULL;
            for (uint256 bit = 0; bit < 256; ++bit) {
                if (squares >> bit & 1 != 0) continue;
                uint256[25] memory bitmap;
                _set(bitmap, p, Fen.move("e1g1"));
                bitmap[word] |= 1 << bit;
                // The move's own word is read first or not; either way the range is named.
                vm.expectRevert(abi.encodeWithSelector(Encoding.BitmapOutOfRange.selector, word));
                this.checkBitmap(p, bitmap, Fen.move("e1g1"));
            }
        }
    }

    /// Thousands of set bits cost no more than one.
    function test_checkBitmap_worstCase() external {
        // Every bit set, in a position with one legal move: accepted.
        Position memory p = Fen.parse("8/8/q6p/5KpP/8/4rk2/8/8 w - g6 0 1");
        vm.assertEq(_size(Chess.legalMoves(p)), 1);
        uint256[25] memory bitmap = _every();
        this.checkBitmap(p, bitmap, Fen.move("h5g6"));
        vm.snapshotGasLastCall("Encoding", "checkBitmap, every bit, one legal move");

        p = Fen.parse(KIWIPETE);
        bitmap = _illegal(p);
        _set(bitmap, p, Fen.move("e1g1"));
        this.checkBitmap(p, bitmap, Fen.move("e1g1"));
        uint256 gas = vm.snapshotGasLastCall("Encoding", "checkBitmap, every illegal bit");
        vm.assertLt(gas, 100_000);

        // The most legal moves a position can have, and every bit set: refused.
        p = Fen.parse("R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1");
        vm.assertEq(_size(Chess.legalMoves(p)), 218);
        bitmap = _every();
        gas = gasleft();
        try this.checkBitmap(p, bitmap, Fen.move("a3b2")) {
            vm.assertTrue(false);
        } catch {}
        vm.assertLt(gas - gasleft(), 100_000);
    }

    function testFuzz_anyWords(uint256 board, uint256 state, uint16 move, uint256[25] calldata words, bool repeated)
        external
        view
    {
        Position memory p = Position(board, state);
        uint256[5] memory encoded = Encoding.boardWords(p, repeated);
        for (uint256 w = 0; w < 5; ++w) {
            vm.assertEq(encoded[w] & ~FULL, 0);
        }
        try this.checkBitmap(p, words, move) {}
        catch (bytes memory reason) {
            bytes4 selector = bytes4(reason);
            vm.assertTrue(
                selector == Encoding.BitmapOutOfRange.selector || selector == Encoding.MoveNotSet.selector
                    || selector == Encoding.BetterMoveSet.selector || selector == Chess.IllegalMove.selector
            );
        }
        try this.policyBit(p, move) {}
        catch (bytes memory reason) {
            vm.assertTrue(bytes4(reason) == Encoding.NoSuchMove.selector);
        }
    }

    // --------------------------------------------------------------------------------------------------------- gas

    function test_gas() external {
        Position memory p = Fen.parse(KIWIPETE);
        vm.startSnapshotGas("Encoding", "boardWords");
        Encoding.boardWords(p, false);
        vm.stopSnapshotGas();
        vm.startSnapshotGas("Encoding", "policyBit");
        Encoding.policyBit(p, Fen.move("e1g1"));
        vm.stopSnapshotGas();
    }

    function moveAt(Position memory position, uint256 index) external pure returns (uint16) {
        return Encoding.moveAt(position, index);
    }

    function policyBit(Position memory position, uint16 move) external pure returns (uint256 word, uint256 mask) {
        return Encoding.policyBit(position, move);
    }

    function checkBitmap(Position memory position, uint256[25] calldata bitmap, uint16 move) external pure {
        Encoding.checkBitmap(position, bitmap, move);
    }

    function _set(uint256[25] memory bitmap, Position memory position, uint16 move) private pure {
        (uint256 word, uint256 mask) = Encoding.policyBit(position, move);
        bitmap[word] |= mask;
    }

    function _every() private pure returns (uint256[25] memory bitmap) {
        for (uint256 w = 0; w < 25; ++w) {
            bitmap[w] = w == 24 ? Chess.BOARD : FULL;
        }
    }

    /// Every bit but those of legal moves.
    function _illegal(Position memory position) private pure returns (uint256[25] memory bitmap) {
        bitmap = _every();
        uint256[73] memory m = Chess.legalMoves(position).origins;
        for (uint256 kind = 0; kind < 73; ++kind) {
            bitmap[kind / 3] &= ~(kind == 72 ? m[kind] : m[kind] << 72 * (2 - kind % 3));
        }
    }
}

/// Apart, so that the gas of what is measured above does not depend on it.
contract EncodingRefusalTest is Test {
    function test_policyIndex_refusesNoMove() external {
        Position memory start = Position(Chess.START_BOARD, Chess.START_STATE);
        vm.expectRevert(abi.encodeWithSelector(Encoding.NoSuchMove.selector, Fen.move("a1b4")));
        this.policyIndex(start, Fen.move("a1b4"));
    }

    function policyIndex(Position memory position, uint16 move) external pure returns (uint256) {
        return Encoding.policyIndex(position, move);
    }
}
