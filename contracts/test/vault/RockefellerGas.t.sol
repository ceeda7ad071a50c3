// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Dense} from "../../src/Dense.sol";
import {VaultTest} from "./VaultTest.sol";

contract Judge {
    function argmax(uint256[] calldata bitmap, uint256 class) external pure {
        Dense.checkBest(bitmap, 12, class, 0xfff);
    }

    function input(int8[] calldata features) external pure returns (uint256[] memory) {
        return Dense.inputWords(features);
    }
}

/// Gas of each call, kept in `snapshots/Rockefeller.json`: without what the transaction itself costs, and with a verifier that costs
/// next to nothing; a real one takes some 470,000 more.
/// forge-config: default.isolate = true
contract RockefellerGasTest is VaultTest {
    function snap(string memory name) private {
        vm.snapshotGasLastCall("Rockefeller", name);
    }

    function test_gas() public {
        fillWindow(0);
        do {
            passHour();
        } while (vault.currentHour() % 4 != 3);
        vm.warp(block.timestamp + 1 hours + 60);
        push(3);
        vm.warp(block.timestamp + 60);
        vault.record(vault.currentHour());
        snap("record, an hour that begins a storage word");
        vm.warp(block.timestamp + 1 hours);
        vault.record(vault.currentHour());
        snap("record, an hour that shares its storage word");

        address alice = actor("alice");
        fund(alice, FIRST, FIRST);
        vm.prank(alice);
        vault.deposit(0, FIRST / 2, FIRST / 2, alice);
        snap("deposit, the first");
        vm.prank(alice);
        vault.deposit(1 ether, FIRST, FIRST, alice);
        snap("deposit");
        decide(5);
        snap("decide, hold");
        passHour();
        vm.warp(block.timestamp + 60);
        decide(11);
        snap("decide, the first trade of a prover");
        passHour();
        vm.warp(block.timestamp + 60);
        decide(0);
        snap("decide, a trade");
        vm.prank(PROVER);
        vault.claim(address(quote), PROVER);
        snap("claim");
        vm.prank(alice);
        vault.redeem(1 ether, alice);
        snap("redeem");

        Judge judge = new Judge();
        uint256[] memory bitmap = new uint256[](4);
        bitmap[2] = 1 << 154;
        judge.argmax(bitmap, 6);
        snap("argmax of 12 classes");
        judge.input(vault.features(vault.currentHour()));
        snap("36 features as public words");
    }
}
