// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IHours} from "../../src/vault/IHours.sol";
import {IRockefeller} from "../../src/vault/IRockefeller.sol";
import {Rockefeller} from "../../src/vault/Rockefeller.sol";
import {VaultTest} from "./VaultTest.sol";
import {IUniswapV3Factory} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Factory.sol";

/// A factory that says what it is told.
contract LyingFactory {
    address private immutable told;

    constructor(address told_) {
        told = told_;
    }

    function getPool(address, address, uint24) external view returns (address) {
        return told;
    }
}

contract HoursTest is VaultTest {
    /// The creation code whose hash the contract knows is that of Uniswap's package.
    function test_poolIsUniswaps() public view {
        vm.assertEq(
            keccak256(creationCode("UniswapV3Pool")),
            bytes32(0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54)
        );
        vm.assertEq(vault.pool(), address(pool));
    }

    function test_refusesAPoolThatIsNotTheFactorys() public {
        IRockefeller.Terms memory asked = terms();
        asked.fee = 3000; // no such pool
        vm.expectRevert(abi.encodeWithSelector(IHours.NotThePool.selector, address(factory), address(0)));
        new Rockefeller(asked, sample());

        // A true pool of the true factory's, and code of one's own: neither stands where the liar would have created it.
        asked = terms();
        asked.factory = address(new LyingFactory(address(pool)));
        vm.expectRevert(abi.encodeWithSelector(IHours.NotThePool.selector, asked.factory, address(pool)));
        new Rockefeller(asked, sample());
        asked.factory = address(new LyingFactory(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IHours.NotThePool.selector, asked.factory, address(this)));
        new Rockefeller(asked, sample());

        // Another factory with the same code makes pools of its own, as good as the first's.
        IUniswapV3Factory other = IUniswapV3Factory(create("UniswapV3Factory"));
        address twin = other.createPool(address(base), address(quote), FEE);
        asked.factory = address(other);
        vm.assertEq(new Rockefeller(asked, sample()).pool(), twin);
    }

    function test_recordsPastBoundariesOnly() public {
        uint256 hour = vault.currentHour();
        vm.expectRevert(abi.encodeWithSelector(IHours.HourNotBegun.selector, hour + 1, hour));
        vault.record(hour + 1);
        vm.warp((hour + 1) * 1 hours - 1);
        vm.expectRevert(abi.encodeWithSelector(IHours.HourNotBegun.selector, hour + 1, hour));
        vault.record(hour + 1);
        vm.warp((hour + 1) * 1 hours);
        vm.expectEmit(address(vault));
        emit IHours.HourRecorded(hour + 1, 0);
        vault.record(hour + 1);
        (bool known,) = vault.boundary(hour + 1);
        vm.assertTrue(known);
        (known,) = vault.boundary(hour + 2);
        vm.assertFalse(known);
    }

    /// The value does not depend on who records it, when, or what was traded meanwhile, not even in the boundary's own second.
    /// forge-config: default.fuzz.runs = 96
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_aBoundaryHasOneValue(int24 before, int24 after_, uint256 delay, bool sameSecond) public {
        before = int24(int256(bound(uint24(before), 0, 40_000)) - 20_000);
        after_ = int24(int256(bound(uint24(after_), 0, 40_000)) - 20_000);
        uint256 hour = vault.currentHour() + 1;
        push(before);
        int256 sum = int256(turned(tickNow())) * 3600; // the pool opened in this very second
        vm.warp(hour * 1 hours);
        if (!sameSecond) vm.warp(block.timestamp + 1);
        push(after_);
        vm.warp(block.timestamp + bound(delay, 0, 1 days));
        vault.record(hour);
        (, int56 found) = vault.boundary(hour);
        vm.assertEq(int256(found), sum);
        push(after_ + 7);
        vault.record(hour); // once more: nothing changes
        (, found) = vault.boundary(hour);
        vm.assertEq(int256(found), sum);
    }

    /// Mean ticks are exact, of the base, and rounded down.
    /// forge-config: default.fuzz.runs = 96
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_meanTick(int24 first, int24 second, uint256 moment) public {
        first = int24(int256(bound(uint24(first), 0, 2000)) - 1000);
        second = int24(int256(bound(uint24(second), 0, 2000)) - 1000);
        moment = bound(moment, 1, 3599);
        uint256 hour = vault.currentHour();
        vault.record(hour);
        push(first);
        int256 sum = int256(tickNow()) * int256(moment);
        vm.warp(hour * 1 hours + moment);
        push(second);
        sum += int256(tickNow()) * int256(3600 - moment);
        passHour();
        int256 mean = (sum - (sum % 3600 + 3600) % 3600) / 3600;
        vm.assertEq(int256(vault.meanTick(hour)), mean);
    }

    /// Features against the definition, from the means alone.
    /// forge-config: default.fuzz.runs = 16
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_features(uint256 seed) public {
        uint256 start = vault.currentHour();
        vault.record(start);
        for (uint256 i = 0; i < 37; ++i) {
            // Calm and wild hours: steps of up to 60, and of up to 1,200 ticks, so that some are clamped.
            int256 by = int256(uint256(keccak256(abi.encode(seed, i))) % 121) - 60;
            push(tickNow() + int24(i % 5 == 0 ? by * 20 : by));
            passHour();
        }
        int8[] memory features = vault.features(start + 37);
        vm.assertEq(features.length, 36);
        for (uint256 i = 0; i < 36; ++i) {
            int256 difference = int256(vault.meanTick(start + i + 1)) - vault.meanTick(start + i);
            // floor((d + 2) / 4) is the one integer f with 4 f - 2 <= d < 4 f + 2.
            int256 f = features[i];
            if (f > -127) vm.assertTrue(4 * f - 2 <= difference);
            if (f < 127) vm.assertTrue(difference < 4 * f + 2);
            vm.assertTrue(f >= -127);
        }
    }

    function test_featuresClampAndRoundHalvesUp() public {
        // Whole ticks each hour: -10,000 (clamped), then differences of +1, +2, -2, -3, +6, -6, +9,000 (clamped).
        int24[8] memory differences = [int24(-10_000), 1, 2, -2, -3, 6, -6, 9000];
        int8[8] memory expected = [int8(-127), 0, 1, 0, -1, 2, -1, 127];
        fillWindow(0);
        int24 tick = tickNow();
        for (uint256 i = 0; i < 8; ++i) {
            tick += differences[i];
            pushWithin(tick);
            passHour();
        }
        int8[] memory features = vault.features(vault.currentHour());
        for (uint256 i = 0; i < 8; ++i) {
            vm.assertEq(int256(features[28 + i]), int256(expected[i]));
        }
        for (uint256 i = 0; i < 28; ++i) {
            vm.assertEq(int256(features[i]), 0);
        }
    }

    /// Trades until the pool's tick is this one.
    function pushWithin(int24 tick) private {
        push(tick);
        if (tickNow() < tick) push(tick + 1);
        if (tickNow() > tick) push(tick - 1);
        vm.assertEq(int256(tickNow()), int256(tick));
    }

    /// Nobody can make the pool seem forgetful by giving the call little gas.
    function test_littleGasRecordsNothing() public {
        passHour();
        uint256 hour = vault.currentHour() + 1;
        vm.warp(hour * 1 hours);
        for (uint256 gas_ = 5000; gas_ < 40_000; gas_ += 500) {
            (bool done,) = address(vault).call{gas: gas_}(abi.encodeCall(vault.record, (hour)));
            (bool known, int56 sum) = vault.boundary(hour);
            vm.assertEq(done, known);
            vm.assertEq(int256(sum), 0);
            if (known) return;
        }
    }

    /// An hour that nobody recorded before the pool forgot it stops the trading, until 37 whole hours lie behind it.
    function test_aForgottenHourPausesTradingUntilTheWindowIsWhole() public {
        fillWindow(0);
        endow(FIRST, FIRST);
        decide(9);
        uint256 lost = vault.currentHour() + 1;
        vm.warp(lost * 1 hours - 1);
        for (uint256 i = 0; i < 120; ++i) {
            vm.warp(block.timestamp + 60); // the pool remembers 100 changes
            push(int24(int256(i % 2)) * 10);
        }
        vm.expectRevert(abi.encodeWithSelector(IHours.HourForgotten.selector, lost));
        vault.record(lost);
        vault.record(lost + 1);
        for (uint256 hour = lost + 1; hour < lost + 38; ++hour) {
            vm.expectRevert(abi.encodeWithSelector(IHours.HourUnknown.selector, hour - 37 > lost ? hour - 37 : lost));
            vault.features(hour);
            passHour();
        }
        vm.assertEq(vault.currentHour(), lost + 38);
        decide(9);
        // Meanwhile nobody was kept from the funds.
        vm.startPrank(actor("founder"));
        vault.redeem(vault.balanceOf(actor("founder")), actor("founder"));
    }

    /// An hour recorded late, but within the pool's memory, costs nothing.
    function test_anHourMayBeRecordedLate() public {
        fillWindow(5);
        uint256 late = vault.currentHour() + 1;
        vm.warp((late + 2) * 1 hours + 17);
        vault.record(late + 2);
        vm.expectRevert(abi.encodeWithSelector(IHours.HourUnknown.selector, late));
        vault.features(late + 2);
        vault.record(late + 1);
        vault.record(late);
        vault.features(late + 2);
    }

    /// A push for one block of 12 seconds moves the hour's mean by a 300th of it, for two blocks by a 150th, and costs the pusher the
    /// fee on what it takes to move the whole pool.
    /// forge-config: default.fuzz.runs = 48
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_aPushMovesTheMeanByItsShareOfTheHour(int24 by, uint256 blocks, uint256 moment) public {
        by = int24(int256(bound(uint24(by), 0, 40_000)) - 20_000);
        blocks = bound(blocks, 1, 2);
        moment = bound(moment, 1, 3575);
        fillWindow(0);
        uint256 hour = vault.currentHour();
        int256 calm = tickNow();
        vm.warp(hour * 1 hours + moment);
        push(by);
        int256 pushed = tickNow();
        vm.warp(block.timestamp + 12 * blocks);
        push(0);
        int256 back = tickNow();
        passHour();
        int256 sum = calm * int256(moment) + pushed * int256(12 * blocks) + back * int256(3600 - moment - 12 * blocks);
        vm.assertEq(int256(vault.meanTick(hour)), (sum - (sum % 3600 + 3600) % 3600) / 3600);
        int256 shift = int256(vault.meanTick(hour)) - calm;
        vm.assertLe(uint256(shift < 0 ? -shift : shift), uint256(by < 0 ? -int256(by) : int256(by)) * blocks / 300 + 2);
        // 20,000 ticks, that is seven times the price, for two blocks: 134 ticks, or 34 steps of one feature of 36 and the next.
        int8[] memory features = vault.features(hour + 1);
        for (uint256 i = 0; i < 35; ++i) {
            vm.assertEq(int256(features[i]), 0);
        }
        vm.assertLe(uint256(int256(features[35] < 0 ? -int256(features[35]) : int256(features[35]))), 34);
    }
}

/// The base is the pool's token1: the pool's ticks are turned.
contract HoursTurnedTest is HoursTest {
    function baseIsToken0() internal pure override returns (bool) {
        return false;
    }
}
