// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Bls} from "../src/Beacon.sol";
import {Quicknet} from "../src/Quicknet.sol";
import {Test} from "./Test.sol";
import {TestBeacon} from "./TestBeacon.sol";

/// The beacon's signatures: drand's own, hashes to the curve by py_ecc (`tests/vectors/beacon.py`), and those of keys made here.
contract BeaconTest is Test {
    struct Signed {
        uint256 round;
        bytes signature;
    }

    struct Hashed {
        uint256 round;
        bytes point;
    }

    uint256 private constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    bytes private constant P =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    Quicknet private quicknet = new Quicknet();
    TestBeacon private beacon = new TestBeacon();

    function vectors(string memory key, string memory schema) private view returns (bytes memory) {
        return vm.parseJsonTypeArray(vm.readFile("../tests/vectors/beacon.json"), key, schema);
    }

    function quicknetRounds() private view returns (Signed[] memory) {
        return abi.decode(vectors(".quicknet", "Signed(uint256 round,bytes signature)"), (Signed[]));
    }

    /// Rounds that quicknet signed in 2023 to 2026.
    function test_quicknet() public view {
        Signed[] memory signed = quicknetRounds();
        vm.assertGt(signed.length, 3);
        for (uint256 i = 0; i < signed.length; ++i) {
            uint64 round = uint64(signed[i].round);
            vm.assertTrue(quicknet.verify(round, signed[i].signature));
            vm.assertFalse(quicknet.verify(round + 1, signed[i].signature), "another round");
            vm.assertFalse(beacon.verify(round, signed[i].signature), "another key");
            vm.assertFalse(quicknet.verify(round, negated(signed[i].signature)), "the twin");
        }
    }

    function test_hashToCurve() public view {
        Hashed[] memory hashed = abi.decode(vectors(".hashed", "Hashed(uint256 round,bytes point)"), (Hashed[]));
        vm.assertGt(hashed.length, 8);
        for (uint256 i = 0; i < hashed.length; ++i) {
            bytes memory point = Bls.hashToG1(sha256(abi.encodePacked(uint64(hashed[i].round))));
            vm.assertEq(keccak256(point), keccak256(hashed[i].point));
        }
    }

    function testFuzz_expandedTo128Bytes(bytes32 message) public pure {
        vm.assertEq(Bls.expand(message).length, 128);
    }

    function testFuzz_signatures(uint256 secret, uint256 other, uint64 round, uint64 another) public view {
        secret = bound(secret, 1, R - 1);
        other = bound(other, 1, R - 1);
        bytes memory key = beacon.publicKey(secret);
        bytes memory signature = beacon.sign(secret, round);
        vm.assertTrue(Bls.verify(key, round, signature));
        vm.assertEq(Bls.verify(key, another, signature), another == round);
        vm.assertEq(Bls.verify(beacon.publicKey(other), round, signature), other == secret);
    }

    /// No other bytes than the one encoding count: bits turned, other lengths, coordinates plus the field's order, infinity.
    function testFuzz_otherBytes(uint64 round, uint256 bit) public view {
        bytes memory signature = beacon.sign(round);
        bit = bound(bit, 0, 1023);
        signature[bit / 8] ^= bytes1(uint8(1 << bit % 8));
        vm.assertFalse(beacon.verify(round, signature));
        vm.assertFalse(beacon.verify(round, abi.encodePacked(beacon.sign(round), bytes1(0))));
    }

    function test_otherEncodings() public view {
        bytes memory signature = beacon.sign(7);
        vm.assertTrue(beacon.verify(7, signature));
        vm.assertFalse(beacon.verify(7, ""));
        vm.assertFalse(beacon.verify(7, new bytes(128)), "infinity");
        vm.assertFalse(beacon.verify(7, new bytes(127)));
        for (uint256 coordinate = 0; coordinate < 128; coordinate += 64) {
            vm.assertFalse(beacon.verify(7, plusP(beacon.sign(7), coordinate)), "not reduced");
        }
    }

    /// A point of the curve, but not of the subgroup: a signature plus the point of order three, (0, 2).
    function test_outsideTheSubgroup() public view {
        bytes memory order3 = new bytes(128);
        order3[127] = 0x02;
        (bool done, bytes memory sum) = address(0x0b).staticcall(abi.encodePacked(beacon.sign(7), order3));
        vm.assertTrue(done && sum.length == 128, "on the curve");
        vm.assertFalse(beacon.verify(7, sum));
    }

    /// Longer bytes would bring pairs of their own: one that changes nothing, or one that makes any round come out, without any key.
    function test_forgeryByAnExtraPair() public view {
        vm.assertFalse(beacon.verify(7, abi.encodePacked(new bytes(384), beacon.sign(7))));
        bytes memory key = beacon.publicKey(77);
        bytes memory hashed = Bls.hashToG1(sha256(abi.encodePacked(uint64(7))));
        bytes memory forged = abi.encodePacked(negated(hashed), key, new bytes(128));
        vm.assertEq(forged.length, 512);
        vm.assertFalse(Bls.verify(key, 7, forged));
    }

    /// On a chain that lacks a precompile, whose calls then succeed and answer nothing, no signature is valid.
    function test_chainWithoutPrecompiles() public {
        bytes memory signature = beacon.sign(7);
        address[4] memory precompiles = [address(0x05), address(0x0b), address(0x0f), address(0x10)];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 snapshot = vm.snapshotState();
            vm.mockCall(precompiles[i], "", "");
            // An empty answer of another than the pairing would go on as a point.
            if (precompiles[i] != address(0x0f)) vm.expectRevert();
            vm.assertFalse(beacon.verify(7, signature));
            vm.clearMockedCalls();
            vm.revertToState(snapshot);
        }
        vm.assertTrue(beacon.verify(7, signature));
    }

    function test_schedule() public view {
        schedule(0, 1, 1692803367);
        schedule(1692803367, 1, 1692803367);
        schedule(1692803368, 2, 1692803370);
        schedule(1692803370, 2, 1692803370);
        // 2026-09-17T15:23:55Z, when somebody saw round 32285086 as the newest: due at 15:23:54.
        schedule(1789658622, 32285086, 1789658622);
    }

    function schedule(uint256 time, uint64 expected, uint256 expectedDue) private view {
        (uint64 round, uint256 due) = quicknet.roundAt(time);
        vm.assertEq(round, expected);
        vm.assertEq(due, expectedDue);
    }

    function testFuzz_schedule(uint40 time) public view {
        (uint64 round, uint256 due) = quicknet.roundAt(time);
        vm.assertGe(due, time);
        if (round != 1) vm.assertLt(due, uint256(time) + 3);
        vm.assertEq(due, 1692803367 + 3 * (uint256(round) - 1));
    }

    function negated(bytes memory point) private pure returns (bytes memory) {
        (uint256 high, uint256 low) = number(point, 64);
        (uint256 pHigh, uint256 pLow) = (uint128(bytes16(P)), uint256(bytes32(slice(P, 16))));
        unchecked {
            uint256 borrow = pLow < low ? 1 : 0;
            return abi.encodePacked(slice(point, 0), slice(point, 32), pHigh - high - borrow, pLow - low);
        }
    }

    function plusP(bytes memory point, uint256 start) private pure returns (bytes memory) {
        (uint256 high, uint256 low) = number(point, start);
        (uint256 pHigh, uint256 pLow) = (uint128(bytes16(P)), uint256(bytes32(slice(P, 16))));
        unchecked {
            uint256 sum = low + pLow;
            high += pHigh + (sum < low ? 1 : 0);
            assembly {
                mstore(add(add(point, 32), start), high)
                mstore(add(add(point, 64), start), sum)
            }
        }
        return point;
    }

    /// A coordinate of 64 bytes.
    function number(bytes memory point, uint256 start) private pure returns (uint256 high, uint256 low) {
        return (uint256(slice(point, start)), uint256(slice(point, start + 32)));
    }

    function slice(bytes memory data, uint256 start) private pure returns (bytes32 word) {
        assembly {
            word := mload(add(add(data, 32), start))
        }
    }
}
