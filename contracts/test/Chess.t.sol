// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, Ending, MoveSet, Position} from "../src/Chess.sol";
import {Fen} from "./Fen.sol";
import {Test} from "./Test.sol";

contract ChessTest is Test {
    string private constant START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";

    // ------------------------------------------------------------------------------------------------------- perft
    // Positions and counts: https://www.chessprogramming.org/Perft_Results

    function test_perft_start() external {
        _perft(START, 4, 197281, 5, 4865609);
    }

    function test_perft_kiwipete() external {
        _perft("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", 3, 97862, 4, 4085603);
    }

    function test_perft_rookEnding() external {
        _perft("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", 3, 2812, 4, 43238);
    }

    function test_perft_promotions() external {
        _perft("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", 3, 9467, 4, 422333);
        _perft("r2q1rk1/pP1p2pp/Q4n2/bbp1p3/Np6/1B3NBn/pPPP1PPP/R3K2R b KQ - 0 1", 3, 9467, 4, 422333);
    }

    function test_perft_checkByPromotion() external {
        _perft("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", 3, 62379, 4, 2103487);
    }

    function test_perft_middlegame() external {
        _perft("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", 3, 89890, 4, 3894594);
    }

    function _perft(string memory fen, uint256 depth, uint256 nodes, uint256 longDepth, uint256 longNodes) private {
        bool long = keccak256(bytes(vm.envOr("FOUNDRY_PROFILE", string("")))) == keccak256("long");
        Position memory position = Fen.parse(fen);
        vm.assertTrue(Chess.isSound(position), fen);
        vm.assertEq(_count(position, long ? longDepth : depth), long ? longNodes : nodes, fen);
    }

    /// Counts leaves; memory is handed back, so depth does not cost memory.
    function _count(Position memory position, uint256 depth) private returns (uint256 nodes) {
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
        MoveSet memory moves = Chess.legalMoves(position);
        for (uint256 kind = 0; kind < 73; ++kind) {
            for (uint256 left = moves.origins[kind]; left != 0; left &= left - 1) {
                if (depth == 1) {
                    ++nodes;
                    continue;
                }
                uint16 move = Chess.moveOf(position, kind, _square(left));
                vm.assertTrue(Chess.contains(moves, move));
                nodes += _count(Chess.play(position, move), depth - 1);
            }
        }
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }

    /// The square of the lowest bit of a plane.
    function _square(uint256 plane) private pure returns (uint256 square) {
        while (plane >> square & 1 == 0) ++square;
        square -= square / 9;
    }

    // -------------------------------------------------------------------------------------------------- single moves

    function test_enPassant_discoversCheck() external pure {
        // Both pawns leave the fifth rank and the king stands before the rook.
        _assertLegal("8/8/8/K1Pp3r/8/8/8/4k3 w - d6 0 1", "c5d6", false);
        _assertLegal("8/8/8/2Pp3r/K7/8/8/4k3 w - d6 0 1", "c5d6", true);
        // The captured pawn hid the bishop.
        _assertLegal("4k3/b7/8/2pP4/3K4/8/8/8 w - c6 0 1", "d5c6", false);
        _assertLegal("4k3/6b1/8/3Pp3/8/2K5/8/8 w - e6 0 1", "d5e6", false);
        _assertLegal("4k3/8/b7/2pP4/3K4/8/8/8 w - c6 0 1", "d5c6", true);
    }

    function test_enPassant_capturesTheCheckingPawn() external pure {
        _assertLegal("4k3/8/8/2pP4/1K6/8/8/8 w - c6 0 1", "d5c6", true);
        _assertLegal("8/8/8/1k6/2Pp4/8/8/4K3 b - c3 0 1", "d4c3", true);
    }

    /// The square is kept only if a capture there is legal, so that repetition compares what matters.
    function test_enPassant_setOnlyIfLegal() external pure {
        vm.assertEq(_enPassant(_play("4k3/8/8/8/3p4/8/2P5/4K3 w - - 0 1", "c2c4")), 18 + 1);
        vm.assertEq(_enPassant(_play("4k3/8/8/8/8/3p4/2P5/4K3 w - - 0 1", "c2c4")), 0);
        vm.assertEq(_enPassant(_play(START, "e2e4")), 0);
        // Pinned: by a rook on the file, by a rook on the rank once both pawns are gone.
        vm.assertEq(_enPassant(_play("3k4/8/8/8/3p4/8/2P5/3RK3 w - - 0 1", "c2c4")), 0);
        vm.assertEq(_enPassant(_play("8/8/8/8/k2p3R/8/2P5/4K3 w - - 0 1", "c2c4")), 0);
        // Over the edge of the board nobody stands beside.
        vm.assertEq(_enPassant(_play("4k3/8/8/8/7p/8/P7/4K3 w - - 0 1", "a2a4")), 0);
        vm.assertEq(_enPassant(_play("4k3/7p/8/P7/8/8/8/4K3 b - - 0 1", "h7h5")), 0);
    }

    function test_enPassant_takesThePawn() external pure {
        Position memory next = _play("4k3/8/8/2pP4/8/8/8/4K3 w - c6 0 1", "d5c6");
        _assertSame(next, "4k3/8/2P5/8/8/8/8/4K3 b - - 0 1", 1);
        next = _play("4k3/8/8/8/2pP4/8/8/4K3 b - d3 0 1", "c4d3");
        _assertSame(next, "4k3/8/8/8/8/3p4/8/4K3 w - - 0 2", 1);
    }

    function test_castling() external pure {
        string memory free = "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1";
        _assertSame(_play(free, "e1g1"), "r3k2r/8/8/8/8/8/8/R4RK1 b kq - 1 1", 1);
        _assertSame(_play(free, "e1c1"), "r3k2r/8/8/8/8/8/8/2KR3R b kq - 1 1", 1);
        free = "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1";
        _assertSame(_play(free, "e8g8"), "r4rk1/8/8/8/8/8/8/R3K2R w KQ - 1 2", 1);
        _assertSame(_play(free, "e8c8"), "2kr3r/8/8/8/8/8/8/R3K2R w KQ - 1 2", 1);
    }

    function test_castling_throughCheck() external pure {
        _assertLegal("4k3/8/8/8/8/8/4r3/R3K2R w KQ - 0 1", "e1g1", false);
        _assertLegal("4kr2/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1g1", false);
        _assertLegal("4kr2/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1c1", true);
        _assertLegal("4k1r1/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1g1", false);
        // Only the king's way must be safe, but all of the rook's must be free.
        _assertLegal("1r2k3/8/8/8/8/8/8/R3K2R w KQ - 0 1", "e1c1", true);
        _assertLegal("4k3/8/8/8/8/8/8/RN2K2R w KQ - 0 1", "e1c1", false);
        _assertLegal("4k3/8/8/8/8/8/8/RN2K1NR w KQ - 0 1", "e1g1", false);
        _assertLegal("4k3/8/8/8/8/8/8/R3K2R w - - 0 1", "e1g1", false);
        // A right without its rook, or its king, is none.
        _assertLegal("4k3/8/8/8/8/8/8/4K3 w KQ - 0 1", "e1g1", false);
        _assertLegal("4k3/8/8/8/8/8/8/R2K3R w KQ - 0 1", "e1g1", false);
    }

    function test_castling_rightsEnd() external pure {
        _assertSame(_play("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "h1h8"), "r3k2R/8/8/8/8/8/8/R3K3 b Qq - 0 1", 1);
        _assertSame(_play("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "a1b1"), "r3k2r/8/8/8/8/8/8/1R2K2R b Kkq - 1 1", 1);
        _assertSame(_play("r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1", "e8e7"), "r6r/4k3/8/8/8/8/8/R3K2R w KQ - 1 2", 1);
    }

    function test_promotion() external pure {
        string memory fen = "3n2k1/4P3/8/8/8/8/8/4K3 w - - 0 1";
        _assertLegal(fen, "e7e8q", true);
        _assertLegal(fen, "e7d8n", true);
        _assertLegal(fen, "e7e8", false);
        _assertLegal(fen, "e7f8q", false);
        _assertLegal(fen, "e1e2q", false);
        vm.assertFalse(Chess.isLegal(Fen.parse(fen), Fen.move("e7e8") | 1 << 12));
        vm.assertFalse(Chess.isLegal(Fen.parse(fen), Fen.move("e7e8") | 6 << 12));
        _assertSame(_play(fen, "e7d8r"), "3R2k1/8/8/8/8/8/8/4K3 b - - 0 1", 1);
        _assertSame(_play("4k3/8/8/8/8/8/p7/1N2K3 b - - 0 1", "a2b1b"), "4k3/8/8/8/8/8/8/1b2K3 w - - 0 2", 1);
    }

    function test_pins() external pure {
        _assertLegal("4r1k1/8/8/8/8/8/4R3/4K3 w - - 0 1", "e2e8", true);
        _assertLegal("4r1k1/8/8/8/8/8/4R3/4K3 w - - 0 1", "e2d2", false);
        _assertLegal("6k1/8/8/8/7b/8/5N2/4K3 w - - 0 1", "f2d3", false);
        _assertLegal("6k1/8/8/8/7b/6P1/8/4K3 w - - 0 1", "g3h4", true);
        _assertLegal("6k1/8/8/8/7b/6P1/8/4K3 w - - 0 1", "g3g4", false);
        // Double check: only the king moves; it cannot hide behind itself.
        _assertLegal("4r1k1/8/8/8/8/8/3n4/R3K2Q w - - 0 1", "h1h8", false);
        _assertLegal("k3r3/8/8/8/8/8/4K3/8 w - - 0 1", "e2e1", false);
    }

    function test_play_refusesAndNamesTheMove() external {
        vm.expectRevert(abi.encodeWithSelector(Chess.IllegalMove.selector, Fen.move("e2e5")));
        this.play(Fen.parse(START), Fen.move("e2e5"));
    }

    // ------------------------------------------------------------------------------------------------------ endings

    function test_ending() external pure {
        _assertEnding(START, 1, Ending.None);
        _assertEnding("rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3", 1, Ending.Checkmate);
        _assertEnding("R5k1/5ppp/8/8/8/8/8/6K1 b - - 0 1", 1, Ending.Checkmate);
        _assertEnding("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", 1, Ending.Stalemate);
        _assertEnding(START, 2, Ending.None);
        _assertEnding(START, 3, Ending.Repetition);
        _assertEnding("4k3/8/8/8/8/8/8/R3K3 w - - 99 90", 1, Ending.None);
        _assertEnding("4k3/8/8/8/8/8/8/R3K3 w - - 100 90", 1, Ending.FiftyMoves);
    }

    /// Mate on the hundredth half-move, or in a position seen before, is mate (FIDE 9.6.2).
    function test_ending_mateComesFirst() external pure {
        _assertEnding("R5k1/5ppp/8/8/8/8/8/6K1 b - - 100 90", 3, Ending.Checkmate);
        _assertEnding("7k/5Q2/6K1/8/8/8/8/8 b - - 100 90", 3, Ending.Stalemate);
    }

    /// A refused capture by one pawn must not disturb the other's.
    function test_enPassant_oneOfTwoCaptorsPinned() external {
        string memory fen = "2r1k3/8/8/2PpP3/8/8/8/2K5 w - d6 0 1";
        _assertLegal(fen, "c5d6", false);
        _assertLegal(fen, "e5d6", true);
        vm.assertEq(_count(Fen.parse(fen), 1), 8);
    }

    /// The only legal move is an en passant capture.
    function test_ending_enPassantSaves() external {
        string memory fen = "8/8/q6p/5KpP/8/4rk2/8/8 w - g6 0 1";
        _assertLegal(fen, "h5g6", true);
        vm.assertEq(_count(Fen.parse(fen), 1), 1);
        _assertEnding(fen, 1, Ending.None);
    }

    function test_ending_insufficientMaterial() external pure {
        _assertEnding("4k3/8/8/8/8/8/8/4K3 w - - 0 1", 1, Ending.InsufficientMaterial);
        _assertEnding("4k3/8/8/8/8/8/8/4KN2 w - - 0 1", 1, Ending.InsufficientMaterial);
        _assertEnding("4k3/8/8/8/8/8/8/4KB2 b - - 0 1", 1, Ending.InsufficientMaterial);
        _assertEnding("2b1k3/8/8/8/8/8/8/4KB2 w - - 0 1", 1, Ending.InsufficientMaterial); // both on light squares
        _assertEnding("4kb2/8/8/8/8/8/8/4KB2 w - - 0 1", 1, Ending.None);
        _assertEnding("4kn2/8/8/8/8/8/8/4KB2 w - - 0 1", 1, Ending.None);
        _assertEnding("4k3/8/8/8/8/8/8/4KNN1 w - - 0 1", 1, Ending.None);
        _assertEnding("4k3/7p/8/8/8/8/8/4K3 w - - 0 1", 1, Ending.None);
    }

    function test_key_comparesWhatRepetitionCompares() external pure {
        Position memory p = Fen.parse("r3k2r/8/8/2pP4/8/8/8/R3K2R w KQkq c6 0 1");
        bytes32 key = Chess.key(p);
        vm.assertEq(Chess.key(Position(p.board, p.state | 7 << 12 | 9 << 20)), key);
        for (uint256 bit = 0; bit < 12; ++bit) {
            vm.assertTrue(Chess.key(Position(p.board, p.state ^ 1 << bit)) != key);
        }
        for (uint256 bit = 0; bit < 256; ++bit) {
            vm.assertTrue(Chess.key(Position(p.board ^ 1 << bit, p.state)) != key);
        }
    }

    function test_counters() external pure {
        Position memory p = Fen.parse("4k3/8/8/8/8/8/P7/R3K3 w - - 7 1");
        p = Chess.play(p, Fen.move("a1b1"));
        _assertState(p, 8, 1);
        p = Chess.play(p, Fen.move("e8e7"));
        _assertState(p, 9, 2);
        p = Chess.play(p, Fen.move("a2a3"));
        _assertState(p, 0, 3);
        // At their ends they stop, and do not spill into their neighbours.
        p = Chess.play(Position(p.board, 1 | 255 << 12 | 4095 << 20), Fen.move("e7e8"));
        _assertState(p, 255, 4095);
    }

    // ------------------------------------------------------------------------------------------------- sound or not

    function test_isSound() external pure {
        _assertSound("r3k2r/8/8/2pP4/8/8/8/R3K2R w KQkq c6 0 1", true);
        _assertSound("4k3/8/8/8/8/8/8/8 w - - 0 1", false);
        _assertSound("4k3/8/8/8/8/8/8/3KK3 w - - 0 1", false);
        _assertSound("4k3/8/8/8/8/8/8/P3K3 w - - 0 1", false);
        _assertSound("3pk3/8/8/8/8/8/8/4K3 w - - 0 1", false);
        _assertSound("4k3/4R3/8/8/8/8/8/4K3 w - - 0 1", false);
        _assertSound("8/8/3k4/4K3/8/8/8/8 w - - 0 1", false);
        _assertSound("4k3/4R3/8/8/8/8/8/4K3 b - - 0 1", true);
        _assertSound("r3k3/8/8/8/8/8/8/R3K2R w KQkq - 0 1", false);
        _assertSound("r2k3r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", false);
        _assertSound("r3k2r/8/8/8/8/8/8/R3K1R1 b KQkq - 0 1", false);
        _assertSound("r3k2r/8/8/8/8/8/8/R2K3R b KQkq - 0 1", false);
        _assertSound("4k3/8/8/2p5/8/8/8/4K3 w - c6 0 1", false);
        _assertSound("4k3/8/8/8/8/8/8/4K2R w - - 99 1", true);
        _assertSound("4k3/8/8/8/8/8/8/4K2R w - - 100 1", false);
        Position memory p = Fen.parse(START);
        uint256[3] memory nibbles = [uint256(7), 8, 15];
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertFalse(Chess.isSound(Position(p.board | nibbles[i] << 4 * 20, p.state)));
        }
        vm.assertFalse(Chess.isSound(Position(p.board, p.state | 1 << 32)));
        vm.assertFalse(Chess.isSound(Position(p.board, p.state | 1 << 255)));
        vm.assertFalse(Chess.isSound(Position(p.board, p.state | 65 << 5)));
    }

    // -------------------------------------------------------------------------------------------------- any words

    /// Any words: no revert but the named one, no endless loop; one answer by all three ways.
    function testFuzz_anyWords(uint256 board, uint256 state, uint16 move, uint256 occurrences) external view {
        Position memory p = Position(board, state);
        uint256 gas = gasleft();
        Chess.isSound(p);
        Chess.ending(p, occurrences);
        bool legal = Chess.isLegal(p, move);
        vm.assertEq(Chess.contains(Chess.legalMoves(p), move), legal);
        try this.play(p, move) returns (Position memory next) {
            vm.assertTrue(legal);
            vm.assertEq(next.state >> 32, 0);
        } catch (bytes memory reason) {
            vm.assertFalse(legal);
            vm.assertEq(keccak256(reason), keccak256(abi.encodeWithSelector(Chess.IllegalMove.selector, move)));
        }
        vm.assertLt(gas - gasleft(), 250_000);
    }

    /// The same on words that look like positions: every nibble a piece or empty, so that many moves are legal.
    function testFuzz_anyPieces(uint256 board, uint32 state, uint256 seed) external pure {
        uint256 clean = 0;
        for (uint256 square = 0; square < 64; ++square) {
            uint256 nibble = board >> 4 * square & 15;
            if ((seed >> square * 2 & 3 == 0) && nibble & 7 != 0 && nibble & 7 != 7) clean |= nibble << 4 * square;
        }
        Position memory p = Position(clean, state);
        MoveSet memory moves = Chess.legalMoves(p);
        for (uint256 kind = 0; kind < 73; ++kind) {
            uint256 plane = moves.origins[kind];
            vm.assertEq(plane & ~Chess.BOARD, 0);
            if (plane == 0) continue;
            uint16 move = Chess.moveOf(p, kind, _square(plane));
            vm.assertTrue(Chess.isLegal(p, move));
            Chess.play(p, move);
        }
    }

    // --------------------------------------------------------------------------------------------------------- gas

    function test_gas() external {
        Position memory p = Fen.parse("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1");
        uint16 move = Fen.move("e1g1");
        vm.startSnapshotGas("Chess", "isLegal");
        Chess.isLegal(p, move);
        vm.stopSnapshotGas();
        vm.startSnapshotGas("Chess", "legalMoves");
        MoveSet memory moves = Chess.legalMoves(p);
        vm.stopSnapshotGas();
        vm.startSnapshotGas("Chess", "contains");
        Chess.contains(moves, move);
        vm.stopSnapshotGas();
        vm.startSnapshotGas("Chess", "play");
        p = Chess.play(p, move);
        vm.stopSnapshotGas();
        vm.startSnapshotGas("Chess", "ending");
        Chess.ending(p, 1);
        vm.stopSnapshotGas();
        p = Fen.parse("7k/5Q2/6K1/8/8/8/8/8 b - - 0 1");
        vm.startSnapshotGas("Chess", "ending by stalemate");
        Chess.ending(p, 1);
        vm.stopSnapshotGas();
    }

    function play(Position memory position, uint16 move) external pure returns (Position memory) {
        return Chess.play(position, move);
    }

    function _play(string memory fen, string memory move) private pure returns (Position memory) {
        return Chess.play(Fen.parse(fen), Fen.move(move));
    }

    function _enPassant(Position memory position) private pure returns (uint256) {
        return position.state >> 5 & 127;
    }

    function _assertLegal(string memory fen, string memory move, bool legal) private pure {
        Position memory p = Fen.parse(fen);
        vm.assertEq(Chess.isLegal(p, Fen.move(move)), legal, string.concat(fen, " ", move));
        vm.assertEq(Chess.contains(Chess.legalMoves(p), Fen.move(move)), legal, string.concat(fen, " ", move));
    }

    /// Neither stalemate nor mate while one jump of a knight is left, whichever.
    function test_oneJumpLeft() public pure {
        _assertEnding("8/8/8/8/8/2k5/2P2q2/N6K w - - 0 1", 1, Ending.None); // a1b3
        _assertEnding("n6k/2p2Q2/2K5/8/8/8/8/8 b - - 0 1", 1, Ending.None); // a8b6
        _assertEnding("8/8/8/8/8/5k2/2q2P2/K6N w - - 0 1", 1, Ending.None); // h1g3
    }

    function _assertEnding(string memory fen, uint256 occurrences, Ending ending) private pure {
        vm.assertEq(uint256(Chess.ending(Fen.parse(fen), occurrences)), uint256(ending), fen);
    }

    function _assertSound(string memory fen, bool sound) private pure {
        vm.assertEq(Chess.isSound(Fen.parse(fen)), sound, fen);
    }

    function _assertSame(Position memory p, string memory fen, uint256 ply) private pure {
        Position memory expected = Fen.parse(fen);
        vm.assertEq(p.board, expected.board, fen);
        vm.assertEq(p.state, expected.state | ply << 20, fen);
    }

    function _assertState(Position memory p, uint256 clock, uint256 ply) private pure {
        vm.assertEq(p.state >> 12 & 0xff, clock);
        vm.assertEq(p.state >> 20, ply);
    }
}
