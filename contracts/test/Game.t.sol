// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";

/// Whole games, from the lobby to the last claim.
contract GameFlowTest is GameTest {
    function test_worldWins() public {
        uint256 id = started(ordinary());
        worldMates(id);
        assertOver(id, IGame.Outcome.World, IGame.Reason.Checkmate);
        // Pools of 10,000 each, matched in full: 10,000 - fee 200 + pot 200.
        vm.assertEq(game.owed(id, account(0)), 6000);
        vm.assertEq(game.owed(id, account(1)), 4000);
        vm.assertEq(game.owed(id, account(2)), 10000);
        vm.assertEq(game.owed(id, account(3)), 0);
        vm.assertEq(game.owed(id, prover), 15);
        vm.assertEq(game.owed(id, address(this)), 100 - 15 + 200);
        claimAll(id);
    }

    function test_leelaWins() public {
        uint256 id = started(ordinary());
        leelaMates(id);
        assertOver(id, IGame.Outcome.Leela, IGame.Reason.Checkmate);
        vm.assertEq(game.owed(id, account(0)), 0);
        vm.assertEq(game.owed(id, account(3)), 6000 + 5880);
        vm.assertEq(game.owed(id, account(4)), 4000 + 3920);
        vm.assertEq(game.owed(id, prover), 10);
        vm.assertEq(game.owed(id, address(this)), 100 - 10 + 200 + 200);
        claimAll(id);
    }

    /// Everybody claims; nothing stays behind.
    function claimAll(uint256 id) private {
        for (uint256 n = 0; n < 5; ++n) {
            uint256 due = game.owed(id, account(n));
            if (due == 0) continue;
            vm.assertEq(claim(id, account(n)), due);
            vm.assertEq(account(n).balance, due);
        }
        claim(id, prover);
        claim(id, address(this));
        vm.assertEq(address(game).balance, 0);
    }
}
