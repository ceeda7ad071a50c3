// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Test} from "../Test.sol";
import {Coin} from "./Coin.sol";
import {VaultTest} from "./VaultTest.sol";

/// Whatever anybody may do to a vault, in any order, sensible or not, while the market moves. It keeps plain books of what the vault
/// should hold and compares after each call. Nothing here may revert.
contract VaultActors is VaultTest {
    uint256 private constant ACTORS = 4;

    uint256 public heldBase;
    uint256 public heldQuote;
    uint256 public givenBase;
    uint256 public givenQuote;
    mapping(uint256 hour => uint256) public decisions;
    uint256 public trades;

    function begin() external {
        setUp();
        fillWindow(0);
        endow(FIRST, FIRST);
        for (uint256 i = 0; i < ACTORS; ++i) {
            fund(account(i), 0, 0);
        }
        keepBooks();
    }

    /// Four users, then the prover.
    function account(uint256 index) private pure returns (address) {
        return index == ACTORS ? PROVER : vm.addr(1 + index);
    }

    function keepBooks() private {
        (heldBase, heldQuote) = vault.holdings();
    }

    function deposit(uint256 who, uint256 shares, uint256 most) external {
        address from = account(who % ACTORS);
        uint256 supply = vault.totalSupply();
        shares = bound(shares, 1, (supply == 0 ? 1 : supply) * 3);
        most = bound(most, 1000, 1e24);
        uint256 limit = supply == 0 ? most : type(uint256).max;
        if (heldBase > 1e26 || heldQuote > 1e26 || supply > 1e30) return;
        if (base.isBlocked(from) || quote.isBlocked(from)) return;
        base.mint(from, 4e26);
        quote.mint(from, 4e26);
        vm.prank(from);
        (uint256 b, uint256 q) = vault.deposit(shares, limit, limit, from);
        (heldBase, heldQuote) = (heldBase + b, heldQuote + q);
    }

    function redeem(uint256 who, uint256 shares) external {
        address from = account(who % ACTORS);
        uint256 most = vault.balanceOf(from);
        if (most == 0) return;
        shares = bound(shares, 1, most);
        vm.prank(from);
        (uint256 b, uint256 q) = vault.redeem(shares, from);
        (heldBase, heldQuote) = (heldBase - b, heldQuote - q);
    }

    function coin(uint256 which) private view returns (Coin) {
        return which % 2 == 0 ? base : quote;
    }

    function claim(uint256 who, uint256 which) external {
        address from = account(who % (ACTORS + 1));
        Coin token = coin(which);
        if (vault.owed(from, address(token)) == 0 || token.isBlocked(from)) return;
        vm.prank(from);
        vault.claim(address(token), from);
    }

    function transfer(uint256 from, uint256 to, uint256 shares) external {
        shares = bound(shares, 0, vault.balanceOf(account(from % ACTORS)));
        vm.prank(account(from % ACTORS));
        vault.transfer(account(to % ACTORS), shares);
    }

    /// Gifts belong to nobody.
    function give(uint256 which, uint256 amount) external {
        amount = bound(amount, 1, 1e24);
        coin(which).mint(address(vault), amount);
        if (which % 2 == 0) givenBase += amount;
        else givenQuote += amount;
    }

    /// A token stops serving an account, or serves it again.
    function blacklist(uint256 who, uint256 which, uint256 blocked) external {
        coin(which).setBlocked(account(who % ACTORS), blocked % 2 == 0);
    }

    function trade(uint256 tick) external {
        push(int24(int256(bound(tick, 0, 600)) - 300));
    }

    function pass(uint256 time) external {
        uint256 hour = vault.currentHour();
        vm.warp(block.timestamp + bound(time, 1, 1 hours));
        if (vault.currentHour() != hour) vault.record(vault.currentHour());
    }

    /// Obeyed once an hour, with a proof; nothing but this trades.
    function obey(uint256 bucket) external {
        bucket = bound(bucket, 0, 11);
        uint256 hour = vault.currentHour();
        uint256[4] memory bitmap = bitmapOf(bucket);
        bytes memory proof = proofOf(vault, hour, PROVER, bitmap);
        uint256 owedBefore = vault.owed(PROVER, address(quote));
        bool again = decisions[hour] != 0;
        try vault.decide(hour, bucket, PROVER, bitmap, proof) {
            require(!again, "decided twice");
        } catch {
            require(again, "refused");
            return;
        }
        ++decisions[hour];
        (uint256 b, uint256 q) = vault.holdings();
        uint256 reward = vault.owed(PROVER, address(quote)) - owedBefore;
        if (b != heldBase || q != heldQuote) ++trades;
        // At most a tenth of what is given, in one direction.
        if (b < heldBase) {
            require(bucket < 4 && heldBase - b <= heldBase / 10 && q >= heldQuote, "not what a sale is");
        } else {
            require(q + reward == heldQuote || bucket > 7, "not what holding is");
            require(heldQuote - q - reward <= heldQuote / 10, "not what buying is");
        }
        require(reward <= heldQuote / 1000 + (q > heldQuote ? q - heldQuote : 0) / 500, "dear proof");
        (heldBase, heldQuote) = (b, q);
    }

    /// Without a proof, or with one of another bucket, hour or payee, nothing happens.
    function disobey(uint256 bucket, uint256 hour, uint256 payee, uint256 proof) external {
        bucket = bound(bucket, 0, 11);
        hour = vault.currentHour() + bound(hour, 0, 2) - 1;
        uint256[4] memory bitmap = bitmapOf(bucket);
        try vault.decide(hour, bucket, address(uint160(payee)), bitmap, abi.encode(proof)) {
            require(false, "obeyed a forger");
        } catch {}
        (uint256 b, uint256 q) = vault.holdings();
        require(b == heldBase && q == heldQuote, "traded without a proof");
    }

    /// What is there covers what the shares stand for and what is owed, to the unit.
    function check() external view {
        (uint256 b, uint256 q) = vault.holdings();
        require(b == heldBase && q == heldQuote, "books differ");
        for (uint256 i = 0; i <= ACTORS; ++i) {
            address who = account(i);
            b += vault.owed(who, address(base));
            q += vault.owed(who, address(quote));
        }
        require(base.balanceOf(address(vault)) == b + givenBase, "base not covered");
        require(quote.balanceOf(address(vault)) == q + givenQuote, "quote not covered");
        require((vault.totalSupply() == 0) == (heldBase + heldQuote == 0), "holdings without shares");
    }

    /// Everybody leaves; nothing stays but gifts.
    function everybodyLeaves() external {
        for (uint256 i = 0; i <= ACTORS + 1; ++i) {
            address who = i > ACTORS ? actor("founder") : account(i);
            base.setBlocked(who, false);
            quote.setBlocked(who, false);
            uint256 shares = vault.balanceOf(who);
            vm.startPrank(who);
            if (shares != 0) vault.redeem(shares, who);
            if (vault.owed(who, address(base)) != 0) vault.claim(address(base), who);
            if (vault.owed(who, address(quote)) != 0) vault.claim(address(quote), who);
            vm.stopPrank();
        }
        require(base.balanceOf(address(vault)) == givenBase, "base left");
        require(quote.balanceOf(address(vault)) == givenQuote, "quote left");
    }
}

contract RockefellerInvariants is Test {
    VaultActors private actors;

    function setUp() public {
        actors = new VaultActors();
        actors.begin();
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = VaultActors.deposit.selector;
        selectors[1] = VaultActors.redeem.selector;
        selectors[2] = VaultActors.claim.selector;
        selectors[3] = VaultActors.transfer.selector;
        selectors[4] = VaultActors.give.selector;
        selectors[5] = VaultActors.blacklist.selector;
        selectors[6] = VaultActors.trade.selector;
        selectors[7] = VaultActors.pass.selector;
        selectors[8] = VaultActors.obey.selector;
        selectors[9] = VaultActors.disobey.selector;
        selectors[10] = VaultActors.pass.selector; // time passes twice as often
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(actors), selectors);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actors);
    }

    /// The actors get everywhere: a long walk trades.
    function test_actorsTrade() external {
        FuzzSelector memory target = this.targetSelectors()[0];
        for (uint256 i = 0; i < 1000; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(i)));
            bytes4 selector = target.selectors[draw % target.selectors.length];
            (bool done,) =
                address(actors).call(abi.encodeWithSelector(selector, draw, draw >> 7, draw >> 14, draw >> 21));
            vm.assertTrue(done);
        }
        actors.check();
        vm.assertGt(actors.trades(), 20);
        actors.everybodyLeaves();
    }

    /// Redeemable never above held; one decision an hour; no trade without a proof.
    /// Some 200 seconds of processor time for 256 runs of 500 calls, so `make test` runs fewer.
    /// forge-config: default.invariant.runs = 32
    /// forge-config: fast.invariant.runs = 8
    /// forge-config: long.invariant.runs = 256
    function invariant_theVaultOwesNobody() external view {
        actors.check();
    }

    function afterInvariant() external {
        actors.everybodyLeaves();
    }
}
