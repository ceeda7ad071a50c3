// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";

/// The terms of the lobby: how much an account stakes, until when stakes return, and what large late ones do. The lobby lasts a day,
/// so its final window is an hour.
contract GameStakesTest is GameTest {
    uint256 private id;
    uint64 private deadline;

    function setUp() public override {
        super.setUp();
        id = create(ordinary());
        deadline = game.summary(id).deadline;
        stakeWorld(id, 0, 100_000);
        stakeLeela(id, 1, 50_000);
    }

    function withdraw(uint256 n) private returns (uint256) {
        vm.prank(account(n));
        return game.withdraw(id);
    }

    function test_maxStake() public {
        IGame.Terms memory terms = ordinary();
        terms.maxStake = 3000;
        id = create(terms);
        stakeWorld(id, 0, 2000);
        vm.deal(account(0), 2000);
        address key = vm.addr(voteKey(0));
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.StakeTooLarge.selector, 3001, 3000));
        game.stake{value: 1001}(id, IGame.Side.World, key);
        stakeWorld(id, 0, 1000);
        vm.deal(account(1), 3001);
        vm.prank(account(1));
        vm.expectRevert(abi.encodeWithSelector(IGame.StakeTooLarge.selector, 3001, 3000));
        game.stake{value: 3001}(id, IGame.Side.Leela, address(0));
    }

    /// A pot is shared by bounded stakes: ten accounts within the bound get nine tenths more than one whale can.
    function test_whaleInAPrizeGame() public {
        IGame.Terms memory terms = ordinary();
        (terms.leelaPoolOpen, terms.maxOdds, terms.fee, terms.maxStake) = (false, 0, 0, 1000);
        id = create(terms);
        for (uint256 n = 0; n < 3; ++n) {
            stakeWorld(id, n, 1000);
        }
        vm.deal(address(0x3a1e), 1 ether);
        vm.prank(address(0x3a1e));
        vm.expectRevert(abi.encodeWithSelector(IGame.StakeTooLarge.selector, 1 ether, 1000));
        game.stake{value: 1 ether}(id, IGame.Side.World, account(9));
        begin(id);
        worldMates(id);
        vm.assertEq(game.owed(id, account(0)), 1000 + 66);
    }

    function test_withdraw() public {
        vm.warp(deadline - 1 hours - 1);
        vm.expectEmit(address(game));
        emit IGame.Withdrawn(id, account(0), IGame.Side.World, 0, 100_000);
        vm.assertEq(withdraw(0), 100_000);
        vm.assertEq(account(0).balance, 100_000);
        vm.assertEq(withdraw(1), 50_000);
        IGame.Summary memory s = game.summary(id);
        vm.assertEq(s.worldPool, 0);
        vm.assertEq(s.leelaPool, 0);
        vm.assertEq(game.seat(id, 0).account, address(0));
        vm.assertEq(game.seat(id, 0).voteKey, address(0));
        vm.assertEq(game.seat(id, 0).stake, 0);
        (, uint128 amount,) = game.stakeOf(id, account(0));
        vm.assertEq(amount, 0);
        vm.expectRevert(abi.encodeWithSelector(IGame.NothingStaked.selector, account(0)));
        withdraw(0);
        // Without a World stake the game is void.
        vm.warp(deadline);
        game.closeLobby(id);
        assertOver(id, IGame.Outcome.Void, IGame.Reason.Empty);
        vm.expectRevert(abi.encodeWithSelector(IGame.NothingOwed.selector, id, account(0)));
        claim(id, account(0));
    }

    /// Who withdrew may come back, on either side, and has a new seat with a new vote key; the old one votes no more.
    function test_stakingAgain() public {
        withdraw(0);
        withdraw(1);
        vm.assertEq(stakeWorld(id, 1, 2000), 1);
        stakeLeela(id, 0, 3000);
        vm.assertEq(game.summary(id).seats, 2);
        begin(id);
        bytes memory old = ballot(id, 0, uci("e2e4"));
        vm.assertEq(game.castBallots(id, 0, old), 0);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.NoSeat.selector, account(0)));
        game.castBallot(id, 0, uci("e2e4"));
        old = ballot(id, 1, uci("e2e4"));
        vm.assertEq(game.castBallots(id, 0, old), 1);
    }

    /// A ballot of an empty seat whose signature nobody made: ecrecover's zero address is no vote key.
    function test_emptySeatAndNoSigner() public {
        stakeWorld(id, 2, 1000);
        withdraw(0);
        begin(id);
        bytes memory forged = abi.encodePacked(uint32(0), uci("e2e4"), bytes32(0), bytes32(0));
        vm.assertEq(game.castBallots(id, 0, forged), 0);
    }

    function test_noWithdrawalInTheFinalWindow() public {
        vm.warp(deadline - 1 hours);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooLate.selector, block.timestamp, deadline - 1 hours));
        withdraw(0);
        vm.warp(deadline);
        game.closeLobby(id);
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongState.selector, id, IGame.State.Drawn));
        withdraw(0);
    }

    /// Without a period a stake returns as long as nobody has closed the lobby.
    function test_withdrawFromALobbyWithoutPeriod() public {
        IGame.Terms memory terms = ordinary();
        terms.lobbyPeriod = 0;
        id = create(terms);
        stakeWorld(id, 0, 1000);
        vm.warp(block.timestamp + 100 days);
        vm.assertEq(withdraw(0), 1000);
        vm.expectRevert(abi.encodeWithSelector(IGame.NoWorldStake.selector, id));
        game.closeLobby(id);
    }

    /// Small late stakes move nothing; once they are more than a tenth of the pool together, the lobby goes on for two windows.
    function test_largeLateStakes() public {
        vm.warp(deadline - 1 hours - 1);
        stakeWorld(id, 2, 100_000); // in time: no matter how large
        vm.assertEq(game.summary(id).deadline, deadline);
        vm.warp(deadline - 1 hours);
        stakeWorld(id, 3, 10_000);
        stakeWorld(id, 4, 12_000);
        vm.assertEq(game.summary(id).deadline, deadline);
        stakeLeela(id, 5, 5_000); // a side of its own
        vm.assertEq(game.summary(id).deadline, deadline);
        vm.expectEmit(address(game));
        emit IGame.LobbyExtended(id, uint64(block.timestamp + 2 hours));
        stakeWorld(id, 6, 1_000); // 23,000 of 223,000
        vm.assertEq(game.summary(id).deadline, block.timestamp + 2 hours);
        // Everybody has a window's time to leave, the whale too; then it is closed again.
        vm.warp(block.timestamp + 1 hours - 1);
        withdraw(0);
        vm.warp(block.timestamp + 1);
        vm.expectRevert();
        withdraw(2);
    }

    /// A tenth of the pool, counted with the stake itself, is not large; a wei more is.
    function test_largeToTheWei() public {
        vm.warp(deadline - 1);
        stakeWorld(id, 2, 11_111); // of 111,111
        stakeLeela(id, 3, 5_555); // of 55,555
        vm.assertEq(game.summary(id).deadline, deadline);
        stakeLeela(id, 3, 1000);
        vm.assertEq(game.summary(id).deadline, deadline + 2 hours - 1);
    }

    /// What was staked before the deadline moved does not count again in the window after it.
    function test_lateStakesAreCountedAnew() public {
        vm.warp(deadline - 1);
        stakeWorld(id, 2, 10_000);
        stakeWorld(id, 3, 100_000);
        uint64 extended = game.summary(id).deadline;
        vm.assertEq(extended, deadline + 2 hours - 1);
        vm.warp(extended - 1);
        stakeWorld(id, 4, 15_000); // of 225,000
        vm.assertEq(game.summary(id).deadline, extended);
        stakeWorld(id, 5, 10_000);
        vm.assertEq(game.summary(id).deadline, extended + 2 hours - 1);
    }

    /// The final window of a short lobby is a quarter of it, to the second.
    function test_windowOfAShortLobby() public {
        IGame.Terms memory terms = ordinary();
        terms.lobbyPeriod = 1000;
        id = create(terms);
        deadline = game.summary(id).deadline;
        stakeWorld(id, 0, 1000);
        stakeLeela(id, 1, 1000);
        vm.warp(deadline - 251);
        vm.assertEq(withdraw(1), 1000);
        stakeWorld(id, 2, 1000);
        vm.assertEq(game.summary(id).deadline, deadline);
        vm.warp(deadline - 250);
        vm.expectRevert(abi.encodeWithSelector(IGame.TooLate.selector, deadline - 250, deadline - 250));
        withdraw(0);
        stakeWorld(id, 3, 1000);
        vm.assertEq(game.summary(id).deadline, deadline + 250);
    }

    /// Four times; after that a large stake is refused, and the lobby ends. Small ones still count.
    function test_extensionsAreBounded() public {
        uint256 pool = 100_000;
        for (uint256 n = 2; n < 6; ++n) {
            vm.warp(game.summary(id).deadline - 1);
            stakeWorld(id, n, pool);
            pool *= 2;
            vm.assertEq(game.summary(id).deadline, block.timestamp + 2 hours);
        }
        vm.assertLe(game.summary(id).deadline, deadline + 8 hours);
        vm.warp(game.summary(id).deadline - 1);
        vm.deal(account(6), 1 ether);
        vm.prank(account(6));
        vm.expectRevert(abi.encodeWithSelector(IGame.LateStakeTooLarge.selector, 200_000, (pool + 200_000) / 10));
        game.stake{value: 200_000}(id, IGame.Side.World, account(9));
        stakeWorld(id, 7, 100_000);
        vm.warp(block.timestamp + 1);
        game.closeLobby(id);
        assertState(id, IGame.State.Drawn);
    }
}
