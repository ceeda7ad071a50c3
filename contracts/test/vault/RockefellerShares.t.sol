// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IRockefeller} from "../../src/vault/IRockefeller.sol";
import {VaultTest} from "./VaultTest.sol";

/// Deposits and redemptions, and tokens that misbehave.
contract RockefellerSharesTest is VaultTest {
    address private founder;
    address private alice;
    address private mallory;

    function setUp() public override {
        super.setUp();
        fillWindow(0);
        alice = actor("alice");
        mallory = actor("mallory");
        fund(alice, 1e24, 1e24);
        fund(mallory, 1e24, 1e24);
    }

    function deposit(address from, uint256 shares) private returns (uint256 b, uint256 q) {
        vm.prank(from);
        return vault.deposit(shares, type(uint256).max, type(uint256).max, from);
    }

    function redeem(address from, uint256 shares) private returns (uint256 b, uint256 q) {
        vm.prank(from);
        return vault.redeem(shares, from);
    }

    // --------------------------------------------------------------------------------------------------------- shares

    function test_firstDeposit() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.FirstDepositTooSmall.selector, 999, 1000, 1000));
        vault.deposit(1, 999, 1000, alice);
        vm.expectEmit(address(vault));
        emit IRockefeller.Deposited(alice, mallory, vault.FIRST_SHARES(), 5000, 7000);
        vm.prank(alice);
        vault.deposit(1, 5000, 7000, mallory);
        vm.assertEq(vault.balanceOf(mallory), 1_000_000 ether);
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertTrue(b == 5000 && q == 7000);
    }

    /// A deposit pays its part rounded up, a redemption gets it rounded down; the others' part never shrinks.
    function testFuzz_roundsAgainstTheUser(uint256 ofBase, uint256 ofQuote, uint256 shares, uint256 back) public {
        (ofBase, ofQuote) = (bound(ofBase, 1000, 1e24), bound(ofQuote, 1000, 1e24));
        endow(ofBase, ofQuote);
        uint256 supply = vault.totalSupply();
        shares = bound(shares, 1, supply * 1e24 / (ofBase > ofQuote ? ofBase : ofQuote));
        (uint256 paidBase, uint256 paidQuote) = deposit(alice, shares);
        vm.assertEq(paidBase, (ofBase * shares + supply - 1) / supply);
        vm.assertEq(paidQuote, (ofQuote * shares + supply - 1) / supply);
        back = bound(back, 1, shares);
        (uint256 gotBase, uint256 gotQuote) = redeem(alice, back);
        vm.assertEq(gotBase, (ofBase + paidBase) * back / (supply + shares));
        vm.assertEq(gotQuote, (ofQuote + paidQuote) * back / (supply + shares));
        if (back == shares) vm.assertTrue(gotBase <= paidBase && gotQuote <= paidQuote);
        (uint256 b, uint256 q) = vault.holdings();
        supply = vault.totalSupply();
        vm.assertGe(b * 1_000_000 ether, ofBase * supply);
        vm.assertGe(q * 1_000_000 ether, ofQuote * supply);
        vm.assertEq(base.balanceOf(address(vault)), b);
        vm.assertEq(quote.balanceOf(address(vault)), q);
    }

    function test_limitsOfADeposit() public {
        endow(FIRST, 2 * FIRST);
        uint256 tenth = vault.totalSupply() / 10;
        vm.startPrank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IRockefeller.TooDear.selector, address(base), FIRST / 10, FIRST / 10 - 1)
        );
        vault.deposit(tenth, FIRST / 10 - 1, type(uint256).max, alice);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.TooDear.selector, address(quote), FIRST / 5, FIRST / 5 - 1));
        vault.deposit(tenth, FIRST / 10, FIRST / 5 - 1, alice);
        vm.expectRevert(IRockefeller.ZeroShares.selector);
        vault.deposit(0, FIRST, FIRST, alice);
        vault.deposit(tenth, FIRST / 10, FIRST / 5, alice);
    }

    function test_limitsOfARedemption() public {
        vm.startPrank(alice);
        vm.expectRevert();
        vault.redeem(1, alice); // nobody has shares
        vm.stopPrank();
        founder = endow(FIRST, FIRST);
        vm.startPrank(alice);
        vm.expectRevert();
        vault.redeem(1, alice);
        vm.expectRevert(IRockefeller.ZeroShares.selector);
        vault.redeem(0, alice);
        vm.stopPrank();
        vm.startPrank(founder);
        vm.expectRevert(IRockefeller.ZeroAddress.selector);
        vault.redeem(1, address(0));
        vault.redeem(vault.balanceOf(founder), alice);
        vm.expectRevert(abi.encodeWithSelector(IRockefeller.NothingOwed.selector, founder, address(base)));
        vault.claim(address(base), founder);
        vm.assertEq(base.balanceOf(alice), 1e24 + FIRST);
    }

    /// The last one out takes the dust too, and the vault can begin again.
    function test_emptiesToTheLastUnit() public {
        founder = endow(1e21 + 7, 1e21 + 11);
        deposit(alice, 12345678901234567);
        redeem(alice, 12345678901234567);
        redeem(founder, vault.balanceOf(founder));
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertTrue(b == 0 && q == 0 && vault.totalSupply() == 0);
        vm.assertEq(base.balanceOf(address(vault)) + quote.balanceOf(address(vault)), 0);
        vm.prank(alice);
        vault.deposit(0, 5000, 5000, alice);
        vm.assertEq(vault.balanceOf(alice), vault.FIRST_SHARES());
    }

    // ----------------------------------------------------------------------------------------------------- inflation

    /// Tokens sent to the vault are nobody's: neither price nor parts change.
    function testFuzz_donationsDoNotCount(uint256 gift) public {
        founder = endow(FIRST, FIRST);
        gift = bound(gift, 1, 1e24);
        vm.startPrank(mallory);
        base.transfer(address(vault), gift);
        quote.transfer(address(vault), gift);
        vm.stopPrank();
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertTrue(b == FIRST && q == FIRST);
        (b, q) = deposit(alice, vault.totalSupply());
        vm.assertTrue(b == FIRST && q == FIRST);
        (b, q) = redeem(founder, vault.balanceOf(founder));
        vm.assertTrue(b == FIRST && q == FIRST);
    }

    /// The first depositor makes shares scarce, gives to the vault, and waits for a victim who would get none: the victim gets what it
    /// asks for, or pays nothing.
    function testFuzz_firstDepositorCannotInflate(uint256 left, uint256 gift, uint256 shares) public {
        vm.startPrank(mallory);
        vault.deposit(0, 1000, 1000, mallory);
        left = bound(left, 1, 1e6);
        vault.redeem(vault.totalSupply() - left, mallory); // so few shares remain
        gift = bound(gift, 1, 1e23);
        base.transfer(address(vault), gift);
        quote.transfer(address(vault), gift);
        vm.stopPrank();
        shares = bound(shares, 1, 1e24);
        (uint256 paidBase, uint256 paidQuote) = deposit(alice, shares);
        (uint256 gotBase, uint256 gotQuote) = redeem(alice, shares);
        vm.assertTrue(paidBase - gotBase <= 1 && paidQuote - gotQuote <= 1);
        uint256 rest = vault.balanceOf(mallory);
        (gotBase, gotQuote) = redeem(mallory, rest);
        vm.assertTrue(gotBase <= 1001 && gotQuote <= 1001);
    }

    // ------------------------------------------------------------------------------------------------- around a trade

    /// Who comes before a trade and leaves after it, having read the public network, takes nothing from the others but what a larger
    /// trade moves the pool's price, within the limit; they lose at most a tenth of it: size x (50 basis points + fee).
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_depositAroundATrade(uint256 bucket, uint256 shares) public {
        bucket = bound(bucket, 0, 1) * 11;
        founder = endow(FIRST, FIRST);
        shares = bound(shares, 1, vault.totalSupply() * 900);
        (uint256 paidBase, uint256 paidQuote) = deposit(mallory, shares);
        decide(bucket);
        (uint256 gotBase, uint256 gotQuote) = redeem(mallory, shares);
        // At the price before, the visitor wins nothing by it.
        vm.assertLe(gotBase + gotQuote, paidBase + paidQuote);
        (gotBase, gotQuote) = redeem(founder, vault.balanceOf(founder));
        // A tenth of what the founder had of one token, at 0.5% + 0.05% of fee + 0.1% of reward.
        vm.assertGe(gotBase + gotQuote + FIRST / 10 * 65 / 10_000 + 10, 2 * FIRST);
    }

    // ------------------------------------------------------------------------------------------------------ bad tokens

    /// A token that blacklists the redeemer, or the vault, holds back its own part only, and not for ever if it changes its mind.
    function test_aBlacklistingTokenBlocksItselfOnly() public {
        founder = endow(FIRST, FIRST);
        uint256 half = vault.totalSupply() / 2;
        quote.setBlocked(founder, true);
        redeem(founder, half);
        vm.assertEq(base.balanceOf(founder), FIRST / 2);
        vm.assertEq(vault.owed(founder, address(quote)), FIRST / 2);
        vm.startPrank(founder);
        vm.expectRevert(
            abi.encodeWithSelector(IRockefeller.TransferRefused.selector, address(quote), founder, FIRST / 2)
        );
        vault.claim(address(quote), founder);
        vault.claim(address(quote), alice); // to another account
        vm.stopPrank();
        vm.assertEq(quote.balanceOf(alice), 1e24 + FIRST / 2);

        quote.setBlocked(founder, false);
        quote.setBlocked(address(vault), true);
        redeem(founder, half);
        vm.assertEq(base.balanceOf(founder), FIRST);
        vm.assertEq(vault.owed(founder, address(quote)), FIRST / 2);
        vm.assertEq(vault.totalSupply(), 0);
        quote.setBlocked(address(vault), false);
        vm.prank(founder);
        vault.claim(address(quote), founder);
        vm.assertEq(quote.balanceOf(founder), FIRST / 2);
    }

    /// A blocked vault cannot trade: the decision fails as a whole, and can be tried again within the hour.
    function test_aBlacklistedVaultDoesNotTrade() public {
        endow(FIRST, FIRST);
        quote.setBlocked(address(vault), true);
        uint256 hour = vault.currentHour();
        bytes memory proof = proofOf(vault, hour, PROVER, bitmapOf(11));
        vm.expectRevert();
        vault.decide(hour, 11, PROVER, bitmapOf(11), proof);
        quote.setBlocked(address(vault), false);
        vault.decide(hour, 11, PROVER, bitmapOf(11), proof);
    }

    /// A token that spends all the gas it is given leaves a 64th, enough for the other one.
    function test_aTokenThatBurnsGasBlocksItselfOnly() public {
        founder = endow(FIRST, FIRST);
        base.setBurnsGas(true);
        uint256 shares = vault.balanceOf(founder);
        vm.prank(founder);
        vault.redeem{gas: 16_000_000}(shares, founder);
        vm.assertEq(quote.balanceOf(founder), FIRST);
        vm.assertEq(vault.owed(founder, address(base)), FIRST);
    }

    /// A token that takes a fee cannot be deposited; if it begins to later, redemptions go on, each bearing its own fee.
    function test_aTokenThatTakesFees() public {
        founder = endow(FIRST, FIRST);
        base.setFee(100);
        uint256 shares = vault.totalSupply();
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IRockefeller.ShortTransfer.selector, address(base), FIRST, FIRST * 99 / 100)
        );
        vault.deposit(shares, type(uint256).max, type(uint256).max, alice);
        // Giving it to the pool falls short, so that trade fails; what a trade receives counts as it comes.
        uint256 hour = vault.currentHour();
        bytes memory proof = proofOf(vault, hour, PROVER, bitmapOf(0));
        vm.expectRevert();
        vault.decide(hour, 0, PROVER, bitmapOf(0), proof);
        decide(11);
        (uint256 b, uint256 q) = vault.holdings();
        vm.assertEq(base.balanceOf(address(vault)), b);
        redeem(founder, shares);
        vm.assertEq(base.balanceOf(founder), b - b / 100);
        vm.assertEq(quote.balanceOf(founder), q);
        vm.assertEq(base.balanceOf(address(vault)), 0);
    }
}
