// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Dense} from "../../src/Dense.sol";
import {Proven} from "../../src/Proven.sol";
import {IRockefeller} from "../../src/vault/IRockefeller.sol";
import {Rockefeller} from "../../src/vault/Rockefeller.sol";
import {VaultTest} from "./VaultTest.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

/// Decisions: whose are obeyed, and what they trade.
contract RockefellerTest is VaultTest {
    function setUp() public override {
        super.setUp();
        fillWindow(0);
        endow(FIRST, FIRST);
    }

    /// Basis points of the maximum's holding that a bucket trades, written out.
    function sizes() private pure returns (uint256[12] memory) {
        return [uint256(1000), 500, 250, 250, 0, 0, 0, 0, 250, 250, 500, 1000];
    }

    /// forge-config: default.fuzz.runs = 48
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_tradesAsTheBucketSays(uint256 bucket, int24 start) public {
        bucket = bound(bucket, 0, 11);
        start = int24(int256(bound(uint24(start), 0, 40)) - 20);
        push(start);
        (uint256 baseBefore, uint256 quoteBefore) = vault.holdings();
        decide(bucket);
        (uint256 baseAfter, uint256 quoteAfter) = vault.holdings();
        uint256 reward = vault.owed(PROVER, address(quote));
        uint256 size = sizes()[bucket];
        if (bucket < 4) {
            vm.assertEq(baseBefore - baseAfter, baseBefore * size / 10_000);
            vm.assertGt(quoteAfter, quoteBefore);
            vm.assertEq(reward, (quoteAfter + reward - quoteBefore) / 1000);
        } else if (bucket < 8) {
            vm.assertTrue(baseBefore == baseAfter && quoteBefore == quoteAfter && reward == 0);
        } else {
            vm.assertGt(baseAfter, baseBefore);
            vm.assertEq(quoteBefore - quoteAfter - reward, quoteBefore * size / 10_000);
            vm.assertEq(reward, quoteBefore * size / 10_000 / 1000);
        }
        // The books are what is there.
        vm.assertEq(base.balanceOf(address(vault)), baseAfter);
        vm.assertEq(quote.balanceOf(address(vault)), quoteAfter + reward);
        vm.assertEq(vault.decidedHour(), vault.currentHour());
    }

    function test_tellsWhatItDid() public {
        uint256 hour = vault.currentHour();
        uint256 id = vm.snapshotState();
        decide(0);
        (, uint256 q) = vault.holdings();
        uint256 reward = vault.owed(PROVER, address(quote));
        vm.revertToState(id);
        bytes memory proof = proofOf(vault, hour, PROVER, bitmapOf(0));
        vm.expectEmit(address(vault));
        emit IRockefeller.Decided(hour, 0, PROVER, -int256(FIRST / 10), int256(q + reward - FIRST), reward);
        vault.decide(hour, 0, PROVER, bitmapOf(0), proof);
    }

    // ---------------------------------------------------------------------------------------------------- the limit

    /// However large the vault and wherever the price, no trade moves the price beyond the limit; it fills in part or not at all.
    /// forge-config: default.fuzz.runs = 96
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_stopsAtTheLimit(uint256 bucket, int24 before, int24 since, int24 start, uint256 wait) public {
        bucket = bound(bucket, 0, 1) * 11;
        before = int24(int256(bound(uint24(before), 0, 400)) - 200);
        since = int24(int256(bound(uint24(since), 0, 400)) - 200);
        start = int24(int256(bound(uint24(start), 0, 400)) - 200);
        wait = bound(wait, 1, 3500);
        fund(address(this), 100 * LIQUIDITY, 100 * LIQUIDITY);
        vault.deposit(vault.totalSupply() * 1000, type(uint256).max, type(uint256).max, address(this));
        push(before);
        int256 beforeMean = tickNow();
        passHour();
        push(since);
        int256 sinceMean = tickNow();
        vm.warp(block.timestamp + wait);
        push(start);

        bool buys = bucket == 11;
        int256 mean = (beforeMean < sinceMean) == buys ? beforeMean : sinceMean;
        int256 limit = buys ? mean + 49 : mean - 49;
        int256 from = tickNow();
        decide(bucket);
        int256 to = tickNow();
        if (buys) {
            vm.assertTrue(to <= (from > limit ? from : limit + 1));
            if (from >= limit + 1) vm.assertEq(to, from);
        } else {
            vm.assertTrue(to >= (from < limit ? from : limit - 1));
            if (from <= limit - 1) vm.assertEq(to, from);
        }
    }

    function test_fillsInPartAtTheLimit() public {
        fund(address(this), LIQUIDITY, LIQUIDITY);
        vault.deposit(vault.totalSupply() * 900, type(uint256).max, type(uint256).max, address(this));
        (, uint256 quoteBefore) = vault.holdings();
        decide(11);
        (, uint256 quoteAfter) = vault.holdings();
        vm.assertLt(quoteBefore - quoteAfter, quoteBefore / 30); // much less than a tenth
        vm.assertGt(quoteBefore - quoteAfter, quoteBefore / 1000);
        (uint160 price,,,,,,) = pool.slot0();
        vm.assertEq(uint256(price), TickMath.getSqrtPriceAtTick(turned(49)));
    }

    function test_priceBeyondTheLimitTradesNothing() public {
        push(60);
        decide(11);
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertTrue(b == FIRST && q == FIRST);
        vm.assertEq(vault.owed(PROVER, address(quote)), 0);
        passHour();
        push(-60);
        decide(0);
        (b, q) = vault.holdings();
        vm.assertTrue(b == FIRST && q == FIRST);
    }

    /// In the boundary's own second there is no mean since; the hour before stands alone.
    function test_decidesInTheBoundarysSecond() public {
        passHour();
        decide(11);
        (, uint256 q) = vault.holdings();
        vm.assertLt(q, FIRST);
    }

    function test_emptyVaultTradesNothing() public {
        Rockefeller empty = newVault();
        uint256 hour = empty.currentHour();
        for (uint256 i = hour - 37; i <= hour; ++i) {
            try empty.record(i) {} catch {}
        }
        vault = empty;
        decide(11);
        (uint256 b, uint256 q) = empty.holdings();
        vm.assertTrue(b == 0 && q == 0);
    }

    // -------------------------------------------------------------------------------------------------- once an hour

    function test_onlyThePresentHourOnce() public {
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(9);
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.NotThisHour.selector, hour + 1, hour));
        vault.decide(hour + 1, 9, PROVER, bitmap, proof);
        vault.decide(hour, 9, PROVER, bitmap, proof);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.AlreadyDecided.selector, hour));
        vault.decide(hour, 9, PROVER, bitmap, proof);
        bytes memory another = proofOf(vault, hour, address(1), bitmap);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.AlreadyDecided.selector, hour));
        vault.decide(hour, 9, address(1), bitmap, another);
    }

    /// Whoever withholds decisions makes the vault do nothing: it loses nothing, an old proof is worth nothing, the next hour goes on.
    function test_withheldDecisions() public {
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(0);
        bytes memory withheld = proofOf(vault, hour, PROVER, bitmap);
        passHour();
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.NotThisHour.selector, hour, hour + 1));
        vault.decide(hour, 0, PROVER, bitmap, withheld);
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        vault.decide(hour + 1, 0, PROVER, bitmap, withheld);
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertTrue(b == FIRST && q == FIRST);
        decide(0);
    }

    // ------------------------------------------------------------------------------------------------ only the network

    function test_noTradeWithoutAProof() public {
        uint256 hour = vault.currentHour();
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        vault.decide(hour, 0, PROVER, bitmapOf(0), abi.encodePacked(keccak256("")));
        vm.expectRevert(abi.encodeWithSelector(Proven.WrongProofLength.selector, 0, 32));
        vault.decide(hour, 0, PROVER, bitmapOf(0), "");
        vm.expectRevert(IRockefeller.ZeroAddress.selector);
        vault.decide(hour, 0, address(0), bitmapOf(0), "");
    }

    /// A proof of one bucket is none of another.
    /// forge-config: default.fuzz.runs = 48
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_theBucketIsTheNetworks(uint256 proven, uint256 claimed) public {
        (proven, claimed) = (bound(proven, 0, 11), bound(claimed, 0, 20));
        vm.assume(proven != claimed);
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(proven);
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        if (claimed > 11) vm.expectRevert(abi.encodeWithSelector(Dense.NoSuchClass.selector, claimed, 12));
        else vm.expectRevert(abi.encodeWithSelector(Dense.ClassNotSet.selector, claimed));
        vault.decide(hour, claimed, PROVER, bitmap, proof);
        if (claimed > 11) return;
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        vault.decide(hour, claimed, PROVER, bitmapOf(claimed), proof);
        // A lower threshold shows the better bucket too.
        bitmap[claimed / 3] |= bitmapOf(claimed)[claimed / 3];
        proof = proofOf(vault, hour, PROVER, bitmap);
        vm.expectRevert(abi.encodeWithSelector(Dense.BetterClassSet.selector, proven));
        vault.decide(hour, claimed, PROVER, bitmap, proof);
    }

    /// Words at or above the field's order: the verifier would read another bitmap in their place.
    function test_refusesWordsAboveTheField() public {
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(0);
        uint256 word = Proven.FIELD; // A verifier would read 0, and contracts other bits.
        bitmap[1] = word;
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        vm.expectRevert(abi.encodeWithSelector(Proven.WordOutOfRange.selector, 1, word));
        vault.decide(hour, 0, PROVER, bitmap, proof);
    }

    function test_refusesReplaysElsewhere() public {
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(9);
        Rockefeller twin = newVault();
        for (uint256 i = hour - 37; i <= hour; ++i) {
            twin.record(i);
        }
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        // Another vault, with the very same input.
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        twin.decide(hour, 9, PROVER, bitmap, proof);
        // Another payee: who sees a proof in the mempool cannot earn its reward.
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        vault.decide(hour, 9, address(0x7e1ef), bitmap, proof);
        // Another chain, a fork with the same contracts.
        vm.chainId(31338);
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        vault.decide(hour, 9, PROVER, bitmap, proof);
        vm.chainId(31337);
        // Another hour, with the very same input (the market stood still).
        uint256 id = vm.snapshotState();
        passHour();
        vm.expectRevert(abi.encodeWithSelector(Proven.ProofRejected.selector, address(verifier)));
        vault.decide(hour + 1, 9, PROVER, bitmap, proof);
        vm.revertToState(id);
        vault.decide(hour, 9, PROVER, bitmap, proof);
    }

    function test_refusesAForeignVerifier() public {
        bytes32 pinned = vault.codeHash();
        vm.etch(address(verifier), hex"00"); // accepts everything
        uint256 hour = vault.currentHour();
        bytes memory proof = proofOf(vault, hour, PROVER, bitmapOf(0));
        vm.expectRevert(
            abi.encodeWithSelector(
                Proven.VerifierChanged.selector, address(verifier), pinned, address(verifier).codehash
            )
        );
        vault.decide(hour, 0, PROVER, bitmapOf(0), proof);
        // Nor can a vault be made with one.
        IRockefeller.Terms memory asked = terms();
        vm.expectRevert(abi.encodeWithSelector(Proven.UnfitVerifier.selector, address(verifier), 1));
        new Rockefeller(asked, sample());
        asked.verifier = address(0x1234);
        vm.expectRevert(abi.encodeWithSelector(Proven.NoCode.selector, address(0x1234)));
        new Rockefeller(asked, sample());
    }

    // --------------------------------------------------------------------------------------------------------- reward

    function test_rewardIsCapped() public {
        IRockefeller.Terms memory asked = terms();
        asked.rewardBasisPoints = 11;
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.RewardTooHigh.selector, 11, 10));
        new Rockefeller(asked, sample());
        fund(address(this), LIQUIDITY, LIQUIDITY);
        vault.deposit(vault.totalSupply() * 90, type(uint256).max, type(uint256).max, address(this));
        decide(11);
        vm.assertEq(vault.owed(PROVER, address(quote)), 1e18);
        vm.prank(PROVER);
        vault.claim(address(quote), PROVER);
        vm.assertEq(quote.balanceOf(PROVER), 1e18);
    }

    /// A week of nothing but largest trades: provers earn a thousandth of what is traded.
    function test_rewardsCannotDrainTheVault() public {
        uint256 traded = 0;
        for (uint256 i = 0; i < 168; ++i) {
            (, uint256 before) = vault.holdings();
            uint256 earned = vault.owed(PROVER, address(quote));
            decide(i % 2 * 11);
            (, uint256 after_) = vault.holdings();
            earned = vault.owed(PROVER, address(quote)) - earned;
            uint256 volume = after_ + earned > before ? after_ + earned - before : before - after_ - earned;
            vm.assertLe(earned, volume / 1000);
            traded += volume;
            push(0);
            passHour();
        }
        vm.assertLe(vault.owed(PROVER, address(quote)), traded / 1000);
        // What is left: all but fees, rewards, limits; a tenth an hour, at most 0.1% + 0.05% and the way through the pool's price.
        vm.assertGt(valueAt(0), 2 * FIRST * 97 / 100);
    }
}

/// The base is the pool's token1.
contract RockefellerTurnedTest is RockefellerTest {
    function baseIsToken0() internal pure override returns (bool) {
        return false;
    }
}
