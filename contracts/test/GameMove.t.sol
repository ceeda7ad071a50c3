// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess, Position} from "../src/Chess.sol";
import {Encoding} from "../src/Encoding.sol";
import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";

/// A verifier that does as it is told, once it has shown itself good on words of zeros.
contract OddVerifier {
    enum Manner {
        Accepts,
        Reverts,
        BurnsAllGas,
        IsInvalid,
        Answers
    }

    Manner private immutable manner;

    constructor(Manner manner_) {
        manner = manner_;
    }

    fallback() external {
        if (keccak256(msg.data[:992]) == keccak256(new bytes(992))) {
            require(bytes32(msg.data[992:]) == keccak256(new bytes(992)));
            return;
        }
        if (manner == Manner.Reverts) revert("no");
        if (manner == Manner.Answers) {
            assembly ("memory-safe") {
                return(0, 32)
            }
        }
        if (manner == Manner.IsInvalid) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        while (manner == Manner.BurnsAllGas) {}
    }
}

/// The network's move. Leela is White here, so it has the first move.
contract GameMoveTest is GameTest {
    uint256 private id;
    uint16 private e4;
    address private constant THIEF = address(0x7e1ef);

    function setUp() public override {
        super.setUp();
        id = started(black());
        e4 = uci("e2e4");
    }

    function black() private view returns (IGame.Terms memory terms) {
        terms = ordinary();
        terms.worldIsWhite = false;
    }

    function honest() private view returns (uint256[25] memory bitmap, bytes memory proof) {
        bitmap = bitmapOf(game.summary(id).position, e4);
        proof = prove(id, bitmap, prover);
    }

    function rejected() private view returns (bytes memory) {
        return abi.encodeWithSelector(IGame.ProofRejected.selector, address(verifier));
    }

    function test_move() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        IGame.Summary memory before = game.summary(id);
        Position memory next = game.rules().play(before.position, e4);
        vm.expectEmit(address(game));
        emit IGame.Moved(id, 0, e4, prover, 5, next.board, next.state, uint64(block.timestamp) + 300);
        game.submitMove(id, e4, bitmap, prover, proof);
        vm.assertEq(game.summary(id).fund, before.fund - 5);
        vm.assertEq(game.owed(id, prover), 5);
        vm.assertEq(claim(id, prover), 5); // during the game
        vm.assertEq(prover.balance, 5);
    }

    /// Bits of illegal moves, thousands of them, are no obstacle; they are public words like any.
    function test_bitsOfIllegalMoves() public {
        Position memory position = game.summary(id).position;
        uint256[25] memory bitmap = fullBitmap();
        // Take out every legal move but one.
        for (uint256 index = 0; index < 4672; ++index) {
            try this.moveAt(position, index) returns (uint16 move) {
                if (move == e4 || !Chess.isLegal(position, move)) continue;
                (uint256 word, uint256 mask) = Encoding.policyBit(position, move);
                bitmap[word] &= ~mask;
            } catch {}
        }
        bytes memory proof = prove(id, bitmap, prover);
        uint256 before = gasleft();
        game.submitMove(id, e4, bitmap, prover, proof);
        vm.assertLt(before - gasleft(), 1_000_000);
    }

    function moveAt(Position memory position, uint256 index) external pure returns (uint16) {
        return Encoding.moveAt(position, index);
    }

    function fullBitmap() private pure returns (uint256[25] memory bitmap) {
        for (uint256 w = 0; w < 24; ++w) {
            bitmap[w] = Chess.BOARD << 144 | Chess.BOARD << 72 | Chess.BOARD;
        }
        bitmap[24] = Chess.BOARD;
    }

    // ----------------------------------------------------------------------------------------------- wrong bitmaps

    function test_wrongMove() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        uint16 d4 = uci("d2d4");
        vm.expectRevert(abi.encodeWithSelector(Encoding.MoveNotSet.selector, d4));
        game.submitMove(id, d4, bitmap, prover, proof);
        uint16 e5 = uci("e2e5");
        vm.expectRevert(abi.encodeWithSelector(Chess.IllegalMove.selector, e5));
        game.submitMove(id, e5, bitmap, prover, proof);
        bitmap = bitmapOf(game.summary(id).position, d4);
        vm.expectRevert(rejected());
        game.submitMove(id, d4, bitmap, prover, proof);
    }

    function test_betterMoveSet() public {
        (uint256[25] memory bitmap,) = honest();
        uint16 d4 = uci("d2d4");
        (uint256 word, uint256 mask) = Encoding.policyBit(game.summary(id).position, d4);
        bitmap[word] |= mask;
        bytes memory proof = prove(id, bitmap, prover); // it is proven, and shows that d2d4 is better
        vm.expectRevert(abi.encodeWithSelector(Encoding.BetterMoveSet.selector, d4));
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    /// Every bit set, all 4,672: refused, far below the 16.7M gas that a transaction may use.
    function test_thousandsOfBits() public {
        uint256[25] memory bitmap = fullBitmap();
        bytes memory proof = prove(id, bitmap, prover);
        uint256 before = gasleft();
        (bool played,) = address(game).call(abi.encodeCall(game.submitMove, (id, e4, bitmap, prover, proof)));
        vm.assertFalse(played);
        vm.assertLt(before - gasleft(), 500_000);
    }

    /// A bit of a pad, above the planes, or a word plus the field's order: the verifier would see another word.
    function test_wordsOutOfRange() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        for (uint256 w = 0; w < 25; ++w) {
            for (uint256 bit = 8; bit < 256; bit += bit < 216 ? 9 : 1) {
                if (w == 24 && bit < 72 && bit % 9 != 8) continue;
                refuseWord(bitmap, proof, w, 1 << bit);
            }
            refuseWord(bitmap, proof, w, P);
            refuseWord(bitmap, proof, w, 5 * P);
        }
        refuseWord(bitmap, proof, 24, 1 << 72);
    }

    function refuseWord(uint256[25] memory bitmap, bytes memory proof, uint256 w, uint256 added) private {
        uint256 word = bitmap[w];
        bitmap[w] = word + added;
        (bool played, bytes memory reason) =
            address(game).call(abi.encodeCall(game.submitMove, (id, e4, bitmap, prover, proof)));
        vm.assertFalse(played);
        // The sum may have lost the move's own bit.
        bool lost =
            word != 0 && keccak256(reason) == keccak256(abi.encodeWithSelector(Encoding.MoveNotSet.selector, e4));
        bytes memory outOfRange = abi.encodeWithSelector(Encoding.BitmapOutOfRange.selector, w);
        vm.assertTrue(lost || keccak256(reason) == keccak256(outOfRange));
        bitmap[w] = word;
    }

    // ---------------------------------------------------------------------------------------------------- replays

    /// A proof taken from the mempool pays its maker or nobody.
    function test_stolenProof() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        vm.expectRevert(rejected());
        game.submitMove(id, e4, bitmap, THIEF, proof);
        vm.prank(THIEF);
        game.submitMove(id, e4, bitmap, prover, proof);
        vm.assertEq(game.owed(id, prover), 5);
        vm.assertEq(game.owed(id, THIEF), 0);
    }

    function test_noPayee() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        vm.expectRevert(abi.encodeWithSelector(IGame.ZeroAddress.selector));
        game.submitMove(id, e4, bitmap, address(0), proof);
    }

    function test_proofOnAnotherChain() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        vm.chainId(1);
        vm.expectRevert(rejected());
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    function test_proofForAnotherContract() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        super.setUp();
        vm.assertEq(started(black()), id);
        bytes memory refusal = rejected();
        vm.expectRevert(refusal);
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    function test_proofForAnotherGame() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        uint256 other = started(black());
        vm.expectRevert(rejected());
        game.submitMove(other, e4, bitmap, prover, proof);
    }

    /// The same position comes again four plies later; its old proof says another ply, and it is a repetition now.
    function test_proofForAnotherPly() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        leela(id, "g1f3");
        world(id, "g8f6");
        vm.expectRevert(rejected());
        game.submitMove(id, e4, bitmap, prover, proof); // legal here too
        leela(id, "f3g1");
        world(id, "f6g8");
        vm.assertTrue(game.summary(id).repeated);
        vm.expectRevert(rejected());
        game.submitMove(id, e4, bitmap, prover, proof);
        leela(id, e4);
    }

    function test_proofPlayedTwice() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        game.submitMove(id, e4, bitmap, prover, proof);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongState.selector, id, IGame.State.Vote));
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    function testFuzz_noOtherBytesProve(bytes calldata proof) public {
        uint256[25] memory bitmap = bitmapOf(game.summary(id).position, e4);
        vm.expectRevert(
            proof.length == 32 ? rejected() : abi.encodeWithSelector(IGame.WrongProofLength.selector, proof.length, 32)
        );
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    // --------------------------------------------------------------------------------------------------- verifiers

    function play(OddVerifier.Manner manner) private returns (bytes memory refusal) {
        address odd = address(new OddVerifier(manner));
        IGame.Terms memory terms = black();
        terms.model = game.addModel(odd, true, 0, sample());
        id = started(terms);
        return abi.encodeWithSelector(IGame.ProofRejected.selector, odd);
    }

    function test_verifierThatReverts() public {
        bytes memory refusal = play(OddVerifier.Manner.Reverts);
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        vm.expectRevert(refusal);
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    /// A verifier says yes by silence: code that answers, a false say, is none.
    function test_verifierThatAnswers() public {
        bytes memory refusal = play(OddVerifier.Manner.Answers);
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        vm.expectRevert(refusal);
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    /// The proof has one length: with a byte more or less it is refused before the verifier sees it.
    function test_proofOfAnotherLength() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        bytes[3] memory wrong = [abi.encodePacked(proof, bytes1(0)), bytes(""), new bytes(31)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGame.WrongProofLength.selector, wrong[i].length, 32));
            game.submitMove(id, e4, bitmap, prover, wrong[i]);
        }
    }

    /// A point off the curve burns all that the verifier is given: two million gas, not the whole transaction's.
    function test_verifierThatBurnsItsGas() public {
        for (uint256 i = 2; i < 4; ++i) {
            bytes memory refusal = play(OddVerifier.Manner(i));
            (uint256[25] memory bitmap, bytes memory proof) = honest();
            uint256 before = gasleft();
            vm.expectRevert(refusal);
            game.submitMove(id, e4, bitmap, prover, proof);
            vm.assertLt(before - gasleft(), 2_500_000);
        }
    }

    /// With too little gas the verifier fails, and the move with it: nobody gains by it.
    function test_callWithTooLittleGas() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        bytes memory data = abi.encodeCall(game.submitMove, (id, e4, bitmap, prover, proof));
        for (uint256 gas_ = 50_000; gas_ < 600_000; gas_ += 2_000) {
            uint256 snapshot = vm.snapshotState();
            (bool played,) = address(game).call{gas: gas_}(data);
            if (played) vm.assertEq(game.owed(id, prover), 5);
            else assertState(id, IGame.State.Prove);
            vm.revertToState(snapshot);
        }
    }

    /// An address whose code is gone would accept everything.
    function test_verifierWithoutCode() public {
        (uint256[25] memory bitmap, bytes memory proof) = honest();
        bytes32 expected = address(verifier).codehash;
        vm.etch(address(verifier), "");
        vm.expectRevert(
            abi.encodeWithSelector(
                IGame.VerifierChanged.selector, address(verifier), expected, address(verifier).codehash
            )
        );
        game.submitMove(id, e4, bitmap, prover, proof);
        vm.etch(address(verifier), hex"00");
        vm.expectRevert(
            abi.encodeWithSelector(IGame.VerifierChanged.selector, address(verifier), expected, keccak256(hex"00"))
        );
        game.submitMove(id, e4, bitmap, prover, proof);
    }

    // ---------------------------------------------------------------------------------------------- fund and clock

    function test_rewardsUntilTheFundIsEmpty() public {
        IGame.Terms memory terms = black();
        terms.reward = 60; // of a fund of 100
        id = started(terms);
        leela(id, "e2e4");
        vm.assertEq(game.owed(id, prover), 60);
        world(id, "e7e5");
        leela(id, "d2d4");
        vm.assertEq(game.owed(id, prover), 100);
        world(id, "d7d5");
        leela(id, "c2c4"); // for nothing
        vm.assertEq(game.owed(id, prover), 100);
        vm.assertEq(game.summary(id).fund, 0);
    }

    function test_voidAfterTheProvingPeriod() public {
        uint64 deadline = game.summary(id).deadline;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooEarly.selector, deadline - 1, deadline));
        game.voidGame(id);
        vm.warp(deadline);
        vm.expectEmit(address(game));
        emit IGame.GameOver(id, IGame.Outcome.Void, IGame.Reason.Stalled);
        vm.prank(THIEF); // anybody
        game.voidGame(id);
        assertOver(id, IGame.Outcome.Void, IGame.Reason.Stalled);
        vm.assertEq(game.owed(id, account(0)), 3000);
        vm.assertEq(game.owed(id, account(3)), 6000);
        vm.assertEq(game.owed(id, address(this)), 300);
    }

    /// Until somebody voids the game, a late proof counts.
    function test_lateProof() public {
        vm.warp(game.summary(id).deadline + 100 days);
        leela(id, "e2e4");
        assertState(id, IGame.State.Vote);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongState.selector, id, IGame.State.Vote));
        game.voidGame(id);
    }
}
