// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Proven} from "../src/Proven.sol";
import {Test} from "./Test.sol";

/// What a contract does with the library; errors come from a call, where expectRevert sees them.
contract Obedient {
    Proven.Pin private pinned;

    function pin(address verifier, uint256 words, bytes calldata sample) external {
        pinned = Proven.pin(verifier, 1, words, sample);
    }

    function check(uint256[] calldata words, bytes calldata proof) external view {
        Proven.check(pinned, words, proof);
    }

    function context(bytes calldata nonce, address payee) external view returns (uint256) {
        return Proven.context(nonce, payee);
    }
}

/// A verifier of four words. Its proof is their hash, so that it binds them all, as a real one's does; or it has a fault.
contract FourWords {
    enum Fault {
        None,
        IgnoresFirstWord,
        IgnoresInput,
        IgnoresContext,
        IgnoresProofsEnd,
        TakesZeros,
        RefusesAll,
        Answers,
        BurnsGas
    }

    Fault private immutable fault;

    constructor(Fault fault_) {
        fault = fault_;
    }

    fallback() external {
        bytes32[4] memory words = abi.decode(msg.data[:128], (bytes32[4]));
        bytes32 proof = bytes32(msg.data[128:]);
        if (fault == Fault.IgnoresFirstWord) words[0] |= bytes32(uint256(1));
        if (fault == Fault.IgnoresInput) words[2] |= bytes32(uint256(1));
        if (fault == Fault.IgnoresContext) words[3] |= bytes32(uint256(1));
        if (fault == Fault.TakesZeros && proof == 0) return;
        while (fault == Fault.BurnsGas) {}
        uint256 ignored = fault == Fault.IgnoresProofsEnd ? 1 : 0;
        require(proof >> ignored == keccak256(abi.encode(words)) >> ignored, "invalid");
        require(fault != Fault.RefusesAll);
        if (fault == Fault.Answers) {
            assembly ("memory-safe") {
                return(0, 32)
            }
        }
    }
}

contract ProvenTest is Test {
    Obedient private obedient = new Obedient();
    FourWords private verifier = new FourWords(FourWords.Fault.None);

    function words() private pure returns (uint256[] memory made) {
        made = new uint256[](4);
        (made[0], made[1], made[2], made[3]) = (11, 13, 15, Proven.FIELD - 2);
    }

    function proofOf(uint256[] memory made) private pure returns (bytes memory) {
        return abi.encodePacked(keccak256(abi.encodePacked(made)));
    }

    function sample() private pure returns (bytes memory) {
        return abi.encodePacked(words(), proofOf(words()));
    }

    function test_acceptsAProof() public {
        obedient.pin(address(verifier), 4, sample());
        obedient.check(words(), proofOf(words()));
    }

    function testFuzz_refusesAnyOtherWord(uint256 word, uint256 value) public {
        obedient.pin(address(verifier), 4, sample());
        uint256[] memory made = words();
        word = bound(word, 0, 3);
        value = bound(value, 0, Proven.FIELD - 1);
        vm.assume(value != made[word]);
        made[word] = value;
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        obedient.check(made, proofOf(words()));
    }

    /// A real verifier reduces such a word and would read another in its place.
    function testFuzz_refusesWordsAtOrAboveTheFieldsOrder(uint256 word, uint256 value) public {
        obedient.pin(address(verifier), 4, sample());
        uint256[] memory made = words();
        word = bound(word, 0, 3);
        made[word] = bound(value, Proven.FIELD, type(uint256).max);
        bytes memory proof = proofOf(made);
        vm.expectRevert(abi.encodeWithSelector(Proven.WordOutOfRange.selector, word, made[word]));
        obedient.check(made, proof);
    }

    function test_refusesProofsOfAnotherLength() public {
        obedient.pin(address(verifier), 4, sample());
        bytes memory proof = proofOf(words());
        vm.expectRevert(abi.encodeWithSelector(Proven.WrongProofLength.selector, 33, 32));
        obedient.check(words(), abi.encodePacked(proof, uint8(0)));
        vm.expectRevert(abi.encodeWithSelector(Proven.WrongProofLength.selector, 0, 32));
        obedient.check(words(), "");
    }

    function test_refusesAVerifierThatChanged() public {
        obedient.pin(address(verifier), 4, sample());
        bytes32 pinned = address(verifier).codehash;
        vm.etch(address(verifier), hex"00"); // accepts everything
        vm.expectRevert(
            abi.encodeWithSelector(
                Proven.VerifierChanged.selector, address(verifier), pinned, address(verifier).codehash
            )
        );
        obedient.check(words(), proofOf(words()));
    }

    function test_pinRefusesWhatIsNoVerifier() public {
        vm.expectRevert(abi.encodeWithSelector(Proven.NoCode.selector, address(0x1234)));
        obedient.pin(address(0x1234), 4, sample());
        vm.etch(address(0x1234), abi.encodePacked(hex"ef0100", address(verifier)));
        vm.expectRevert(abi.encodeWithSelector(Proven.NoCode.selector, address(0x1234)));
        obedient.pin(address(0x1234), 4, sample());
        vm.expectRevert(abi.encodeWithSelector(Proven.WrongProofLength.selector, 128, 128));
        obedient.pin(address(verifier), 4, new bytes(128));
    }

    function test_pinTriesTheVerifierOut() public {
        uint8[9] memory trials = [0, 1, 2, 3, 4, 5, 0, 0, 0];
        for (uint8 i = 1; i < 9; ++i) {
            address unfit = address(new FourWords(FourWords.Fault(i)));
            vm.expectRevert(abi.encodeWithSelector(Proven.UnfitVerifier.selector, unfit, trials[i]));
            obedient.pin(unfit, 4, sample());
        }
    }

    /// With too little gas for the verifier the proof counts as refused, never as good.
    function test_littleGasNeverAccepts() public {
        obedient.pin(address(verifier), 4, sample());
        uint256[] memory made = words();
        made[0] = 1;
        for (uint256 gas_ = 10_000; gas_ < 60_000; gas_ += 500) {
            try obedient.check{gas: gas_}(made, proofOf(words())) {
                revert("accepted");
            } catch {}
        }
    }

    function testFuzz_contextIsAsDocumented(uint64 chain, uint256 game, uint256 ply, address payee) public {
        vm.chainId(bound(chain, 1, type(uint64).max));
        uint256 expected =
            uint256(keccak256(abi.encode(block.chainid, address(obedient), game, ply, payee))) % Proven.FIELD;
        vm.assertEq(obedient.context(abi.encode(game, ply), payee), expected);
        vm.assertTrue(obedient.context(abi.encode(game, ply + (ply == 0 ? 1 : 0)), payee) < Proven.FIELD);
    }
}
