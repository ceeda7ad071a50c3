// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRockefeller} from "../../src/vault/IRockefeller.sol";
import {VaultTest} from "./VaultTest.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

/// Attacks on the trade itself: what traders, pools and tokens may try while it runs.
contract RockefellerAttacksTest is VaultTest {
    function setUp() public override {
        super.setUp();
        fillWindow(0);
        endow(FIRST, FIRST);
        fund(address(this), LIQUIDITY, LIQUIDITY);
    }

    /// The quote that 49 ticks cost, and the pool's fee and the prover's reward: the bound of a sandwich.
    function worstLoss(uint256 size) private pure returns (uint256) {
        return size * 50 / 10_000 + size * FEE / 1_000_000 + size * 10 / 10_000;
    }

    // ------------------------------------------------------------------------------------------------------- sandwich

    /// Pushes the price, waits, lets the vault decide, pushes back. At the price of the hour before, the vault loses at most the bound.
    function sandwich(uint256 bucket, int24 by, uint256 wait) private {
        uint256 before = valueAt(0);
        (uint256 b,) = vault.holdings();
        push(by);
        vm.warp(block.timestamp + wait);
        decide(bucket);
        push(0);
        uint256 after_ = valueAt(0);
        if (after_ < before) vm.assertLe(before - after_, worstLoss(b / 10) + 10);
    }

    /// Someone trades before and after the vault's trade: in the same block, or holding the price for a block or two, so that the mean
    /// since the boundary moves as well; after a calm beginning of the hour, or in the boundary's own second, where a push weighs most.
    /// However large the vault and far the push.
    /// forge-config: default.fuzz.runs = 192
    /// forge-config: long.fuzz.runs = 4000
    function testFuzz_sandwich(bool buys, int24 by, uint256 scale, uint256 blocks, bool calm) public {
        by = int24(int256(bound(uint24(by), 0, 20_000)) - 10_000);
        scale = bound(scale, 1, 300);
        vault.deposit(vault.totalSupply() * scale, type(uint256).max, type(uint256).max, address(this));
        if (calm) vm.warp(block.timestamp + 600);
        sandwich(buys ? 11 : 0, by, 12 * bound(blocks, 0, 2));
    }

    /// The attacker pushed the hour before for one or two blocks: that mean moves by a 150th of the push at most, and the mean since
    /// the boundary stands.
    /// forge-config: default.fuzz.runs = 96
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_sandwichAfterAPushOfTheHourBefore(bool buys, int24 by, uint256 blocks) public {
        by = int24(int256(bound(uint24(by), 0, 20_000)) - 10_000);
        vault.deposit(vault.totalSupply() * 300, type(uint256).max, type(uint256).max, address(this));
        vm.warp(block.timestamp + 1000);
        push(by);
        vm.warp(block.timestamp + 12 * bound(blocks, 1, 2));
        push(0);
        passHour();
        vm.warp(block.timestamp + 60);
        push(buys ? int24(200) : int24(-200));
        sandwich(buys ? 11 : 0, buys ? int24(48) : int24(-48), 0);
    }

    /// Keeping the price beyond the limit while the decision comes makes it do nothing. That costs the attacker two swaps' fees and the
    /// vault nothing.
    function test_suppressingATradeCostsTheAttackerAndNotTheVault() public {
        uint256 spent = quote.balanceOf(address(pool)) + base.balanceOf(address(pool));
        push(60);
        decide(11);
        push(0);
        spent = quote.balanceOf(address(pool)) + base.balanceOf(address(pool)) - spent;
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertTrue(b == FIRST && q == FIRST);
        vm.assertGt(spent, 1e18); // 60 ticks of this pool, both ways, at 0.05%: some 3e18
    }

    // ------------------------------------------------------------------------------------------------ forged callback

    function testFuzz_forgedCallback(address caller, int256 amount0, int256 amount1) public {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.NotOurSwap.selector, caller));
        vault.uniswapV3SwapCallback(amount0, amount1, "");
        // Not even the pool may ask while no swap of the vault's runs.
        vm.prank(address(pool));
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.NotOurSwap.selector, address(pool)));
        vault.uniswapV3SwapCallback(amount0, amount1, "");
    }

    /// A token calls the vault's callback during the vault's own swap, and another pool of the factory's swaps for the vault.
    function test_forgedCallbackDuringASwap() public {
        bytes memory forged = abi.encodeCall(vault.uniswapV3SwapCallback, (int256(1e18), int256(1e18), ""));
        base.setHook(address(vault), forged);
        quote.setHook(address(vault), forged);
        decide(11);
        vm.assertTrue(base.hookCalls() == 1 && quote.hookCalls() == 1);
        vm.assertEq(base.hookSuccesses() + quote.hookSuccesses(), 0);

        // The other pool calls whoever called it, so never the vault.
        IUniswapV3Pool other = IUniswapV3Pool(factory.createPool(address(base), address(quote), 3000));
        vm.prank(address(other));
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.NotOurSwap.selector, address(other)));
        vault.uniswapV3SwapCallback(1, 0, "");
    }

    // ---------------------------------------------------------------------------------------------------- re-entrancy

    /// A token calls back into every function that changes the vault, from within a trade, a deposit, a redemption and a claim.
    function test_reentrancy() public {
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(11);
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        bytes[4] memory calls = [
            abi.encodeCall(vault.decide, (hour, 11, PROVER, bitmap, proof)),
            abi.encodeCall(vault.deposit, (1, type(uint256).max, type(uint256).max, address(this))),
            abi.encodeCall(vault.redeem, (1, address(this))),
            abi.encodeCall(vault.claim, (address(base), address(this)))
        ];
        uint256 shares = vault.totalSupply();
        for (uint256 i = 0; i < 4; ++i) {
            uint256 id = vm.snapshotState();
            base.setHook(address(vault), calls[i]);
            quote.setHook(address(vault), calls[i]);
            vault.deposit(shares, type(uint256).max, type(uint256).max, address(this));
            assertRefused(1, 1);
            vault.redeem(shares, address(this));
            assertRefused(2, 2);
            vault.decide(hour, 11, PROVER, bitmap, proof);
            assertRefused(3, 3);
            vm.prank(PROVER);
            vault.claim(address(quote), PROVER);
            assertRefused(3, 4);
            vm.revertToState(id);
        }
    }

    /// So many transfers called the vault, and each call failed because the vault was busy.
    function assertRefused(uint256 byBase, uint256 byQuote) private view {
        vm.assertEq(base.hookCalls(), byBase);
        vm.assertEq(quote.hookCalls(), byQuote);
        vm.assertEq(base.hookSuccesses() + quote.hookSuccesses(), 0);
        bytes4 busy = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        vm.assertTrue(base.hookError() == busy && quote.hookError() == busy);
    }

    /// The pool itself is locked while the vault's swap runs.
    function test_aTokenCannotTradeWithinTheTrade() public {
        quote.setHook(
            address(pool), abi.encodeCall(pool.swap, (address(this), true, int256(1e18), TickLimits.LOWEST, bytes("")))
        );
        decide(11);
        vm.assertEq(quote.hookCalls(), 1);
        vm.assertEq(quote.hookSuccesses(), 0);
    }
}

library TickLimits {
    /// The least square root of a price that a swap may ask for.
    uint160 internal constant LOWEST = 4295128740;
}

/// The base is the pool's token1.
contract RockefellerAttacksTurnedTest is RockefellerAttacksTest {
    function baseIsToken0() internal pure override returns (bool) {
        return false;
    }
}
