// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "../src/IGame.sol";
import {Pool} from "../src/Pool.sol";
import {Test} from "./Test.sol";

/// The payout arithmetic: never more out than in, at most one wei of dust an account, and no overflow.
contract PoolTest is Test {
    IGame.Outcome[4] private OUTCOMES =
        [IGame.Outcome.World, IGame.Outcome.Leela, IGame.Outcome.Draw, IGame.Outcome.Void];

    /// What all accounts get, of a World pool in three stakes and a Leela pool in two.
    function paid(Pool.Pools memory pools, IGame.Outcome outcome, uint256[5] memory stakes)
        private
        pure
        returns (uint256 sum)
    {
        for (uint256 i = 0; i < 5; ++i) {
            if (stakes[i] == 0) continue;
            sum += Pool.payout(pools, outcome, i < 3 ? IGame.Side.World : IGame.Side.Leela, stakes[i]);
        }
    }

    function check(Pool.Pools memory pools, IGame.Outcome outcome, uint256[5] memory stakes) private pure {
        uint256 into = pools.world + pools.leela + pools.pot;
        uint256 out = paid(pools, outcome, stakes) + Pool.creatorShare(pools, outcome);
        vm.assertLe(out, into, "more out than in");
        uint256 accounts;
        for (uint256 i = 0; i < 5; ++i) {
            if (stakes[i] != 0) ++accounts;
        }
        vm.assertLe(into - out, accounts, "dust");
        for (uint256 i = 0; i < 5; ++i) {
            if (stakes[i] != 0) checkOne(pools, outcome, i < 3 ? IGame.Side.World : IGame.Side.Leela, stakes[i]);
        }
    }

    /// Nobody wins more than the odds allow, losers get no more than their stake, draws and voids return it all.
    function checkOne(Pool.Pools memory pools, IGame.Outcome outcome, IGame.Side side, uint256 stake) private pure {
        uint256 amount = Pool.payout(pools, outcome, side, stake);
        if (uint256(outcome) != uint256(side) + 1) {
            vm.assertLe(amount, stake, "a loser gained");
            if (outcome == IGame.Outcome.Draw || outcome == IGame.Outcome.Void) vm.assertEq(amount, stake, "refund");
        } else {
            vm.assertGe(amount, stake, "a winner lost");
            uint256 pot = side == IGame.Side.World ? pools.pot : 0;
            uint256 pool = side == IGame.Side.World ? pools.world : pools.leela;
            vm.assertLe(amount, stake + stake * pools.maxOdds + (stake * pot + pool - 1) / pool, "odds");
        }
    }

    /// Pools, stakes and terms as a game has them: a pool at most 2^80 - 1 wei, and a World stake.
    function testFuzz_conserves(uint80[5] memory raw, uint80 pot, uint16 maxOdds, uint16 fee) public view {
        uint256[5] memory stakes;
        for (uint256 i = 0; i < 5; ++i) {
            stakes[i] = raw[i] / 3;
        }
        if (stakes[0] == 0) stakes[0] = 1;
        Pool.Pools memory pools =
            Pool.Pools(stakes[0] + stakes[1] + stakes[2], stakes[3] + stakes[4], pot, maxOdds, bound(fee, 0, 500));
        for (uint256 o = 0; o < 4; ++o) {
            check(pools, OUTCOMES[o], stakes);
        }
    }

    /// The same with few wei, where every rounding shows.
    function testFuzz_conservesFewWei(uint256 seed) public view {
        uint256[5] memory stakes;
        for (uint256 i = 0; i < 5; ++i) {
            stakes[i] = (seed >> 8 * i & 255) % 12;
        }
        if (stakes[0] == 0) stakes[0] = 1;
        uint256 world = stakes[0] + stakes[1] + stakes[2];
        Pool.Pools memory pools = Pool.Pools(
            world, stakes[3] + stakes[4], (seed >> 40 & 255) % 20, (seed >> 48 & 255) % 12, (seed >> 56 & 0xffff) % 501
        );
        for (uint256 o = 0; o < 4; ++o) {
            check(pools, OUTCOMES[o], stakes);
        }
    }

    /// Exhaustive: two World stakes of 1..5 wei, Leela's of 0..5, pots, odds and fees of each kind.
    function test_everySmallGame() public view {
        for (uint256 n = 0; n < 5 * 6 * 6 * 6; ++n) {
            this.everyTerm([n % 5 + 1, n / 5 % 6, 0, n / 30 % 6, n / 180]); // a call of its own, for its memory
        }
    }

    function everyTerm(uint256[5] memory stakes) external view {
        uint256[3] memory fees = [uint256(0), 200, 500];
        uint256[4] memory odds = [uint256(0), 1, 2, 10];
        for (uint256 n = 0; n < 2 * 4 * 3; ++n) {
            Pool.Pools memory pools =
                Pool.Pools(stakes[0] + stakes[1], stakes[3] + stakes[4], 7 * (n % 2), odds[n / 2 % 4], fees[n / 8]);
            for (uint256 o = 0; o < 4; ++o) {
                check(pools, OUTCOMES[o], stakes);
            }
        }
    }

    /// Who holds the share a = s / W of the World's pool and b = t / L of Leela's gains matched (b (1 - fee) - a) when Leela wins, as
    /// IGame says of losing on purpose; floors take at most two wei of it, and the fee's own floor gives back less than one.
    function testFuzz_throwing(uint64[4] memory raw, uint16 maxOdds, uint16 rawFee) public pure {
        int256 world = int256(bound(raw[0], 1, type(uint64).max));
        int256 leela = int256(bound(raw[1], 1, type(uint64).max));
        int256 s = int256(bound(raw[2], 0, uint256(world)));
        int256 t = int256(bound(raw[3], 0, uint256(leela)));
        int256 fee = int256(bound(rawFee, 0, 500));
        Pool.Pools memory pools = Pool.Pools(uint256(world), uint256(leela), 0, bound(maxOdds, 1, 10_000), uint256(fee));
        int256 gained = int256(Pool.payout(pools, IGame.Outcome.Leela, IGame.Side.World, uint256(s)))
            + int256(Pool.payout(pools, IGame.Outcome.Leela, IGame.Side.Leela, uint256(t))) - s - t;
        int256 matched = world < leela * int256(pools.maxOdds) ? world : leela * int256(pools.maxOdds);
        int256 unit = world * leela * 10_000; // of the exact gain below
        int256 exact = matched * (t * world * (10_000 - fee) - s * leela * 10_000);
        require(gained * unit <= exact + unit, "more than said");
        require(gained * unit >= exact - 2 * unit, "less than said");
    }

    /// At the limits of a game nothing overflows.
    function test_largest() public view {
        uint256 most = type(uint80).max;
        uint256[5] memory stakes = [most / 3, most / 3, most - 2 * (most / 3), most - 1, 1];
        for (uint256 o = 0; o < 4; ++o) {
            check(Pool.Pools(most, most, most, type(uint16).max, 500), OUTCOMES[o], stakes);
            check(Pool.Pools(most, most, most, 0, 0), OUTCOMES[o], stakes);
        }
    }

    /// The formulas of the specification, by example: World 100, Leela 400, odds 3, fee 2%, pot 50.
    function test_byExample() public pure {
        Pool.Pools memory pools = Pool.Pools(100, 400, 50, 3, 200);
        // World wins: 300 of 400 are matched, the fee is 6, the pot 50.
        vm.assertEq(Pool.payout(pools, IGame.Outcome.World, IGame.Side.World, 100), 100 + 300 - 6 + 50);
        vm.assertEq(Pool.payout(pools, IGame.Outcome.World, IGame.Side.Leela, 400), 100);
        vm.assertEq(Pool.creatorShare(pools, IGame.Outcome.World), 6);
        // Leela wins: all of the 100 is matched, the fee is 2, the pot returns.
        vm.assertEq(Pool.payout(pools, IGame.Outcome.Leela, IGame.Side.Leela, 200), 200 + 49);
        vm.assertEq(Pool.payout(pools, IGame.Outcome.Leela, IGame.Side.World, 100), 0);
        vm.assertEq(Pool.creatorShare(pools, IGame.Outcome.Leela), 52);
        vm.assertEq(Pool.creatorShare(pools, IGame.Outcome.Draw), 50);
        vm.assertEq(Pool.creatorShare(pools, IGame.Outcome.Void), 50);
    }

    /// Leela wins an empty pool: nobody is there to be paid, and the World loses nothing.
    function test_leelaWinsWithoutAStake() public pure {
        Pool.Pools memory pools = Pool.Pools(100, 0, 50, 3, 200);
        vm.assertEq(Pool.payout(pools, IGame.Outcome.Leela, IGame.Side.World, 100), 100);
        vm.assertEq(Pool.creatorShare(pools, IGame.Outcome.Leela), 50);
    }
}
