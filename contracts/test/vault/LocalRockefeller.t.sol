// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {LocalRockefeller} from "../../src/vault/LocalRockefeller.sol";
import {VaultTest} from "./VaultTest.sol";

/// The vault with short hours, for local chains only.
contract LocalRockefellerTest is VaultTest {
    function test_existsOnLocalChainsOnly() public {
        uint64[5] memory chains = [uint64(1), 10, 8453, 31336, 31338];
        for (uint256 i = 0; i < chains.length; ++i) {
            vm.chainId(chains[i]);
            vm.expectRevert(abi.encodeWithSelector(LocalRockefeller.NotALocalChain.selector, chains[i]));
            new LocalRockefeller(terms(), sample());
        }
        vm.chainId(1337);
        vm.assertEq(new LocalRockefeller(terms(), sample()).hourSeconds(), 20);
        vm.assertEq(newVault().hourSeconds(), 1 hours);
    }

    /// All of its rules follow its hours: means over 20 seconds, one decision in each.
    function test_itsHoursAreShort() public {
        vault = new LocalRockefeller(terms(), sample());
        vm.warp(block.timestamp + 20);
        fillWindow(100);
        endow(FIRST, FIRST);
        uint256 hour = vault.currentHour();
        vm.assertEq(hour, block.timestamp / 20);
        vm.assertEq(vault.meanTick(hour - 1), 100);
        decide(5);
        vm.warp(block.timestamp + 10);
        push(300);
        passHour();
        vm.assertEq(vault.meanTick(hour), 200);
        decide(0);
        vm.assertEq(vault.decidedHour(), hour + 1);
    }
}
