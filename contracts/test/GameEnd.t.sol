// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Chess} from "../src/Chess.sol";
import {Game} from "../src/Game.sol";
import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";
import {Vm} from "./Test.sol";

/// A staker whose claim calls back.
contract Reentrant {
    Game private immutable game;
    uint256 private immutable id;
    uint256 public calls;
    uint256 public refused;

    constructor(Game game_, uint256 id_) payable {
        game = game_;
        id = id_;
    }

    function stake(IGame.Side side, address voteKey) external {
        game.stake{value: address(this).balance}(id, side, voteKey);
    }

    function claim() external {
        game.claimTo(id, address(this));
    }

    receive() external payable {
        ++calls;
        try game.claim(id, address(this)) {}
        catch {
            ++refused;
        }
        try game.claimTo(id, address(1)) {}
        catch {
            ++refused;
        }
    }
}

/// A staker that takes no coin.
contract Unpayable {
    function stake(Game game, uint256 id) external payable {
        game.stake{value: msg.value}(id, IGame.Side.World, address(1));
    }

    function claimTo(Game game, uint256 id, address to) external {
        game.claimTo(id, to);
    }
}

/// Outcomes, payouts and claims.
contract GameEndTest is GameTest {
    function refused(uint256 id, address account) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IGame.NothingOwed.selector, id, account);
    }

    // ---------------------------------------------------------------------------------------------------- outcomes

    function test_stalemate() public {
        // White Kb6, Qc2 and Black Ka8: Qc7 stalemates.
        uint256 id = fromPosition(6 << 4 * 41 | 5 << 4 * 10 | 14 << 4 * 56, 0);
        world(id, "c2c7");
        assertDraw(id, IGame.Reason.Stalemate);
    }

    /// The move that ends a game announces no deadline: nothing is waited for.
    function test_lastMoveHasNoDeadline() public {
        uint256 id = fromPosition(6 << 4 * 41 | 5 << 4 * 10 | 14 << 4 * 56, 0);
        vm.recordLogs();
        world(id, "c2c7");
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 moved;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IGame.Moved.selector) continue;
            (,,,,, uint256 deadline) = abi.decode(logs[i].data, (uint16, address, uint128, uint256, uint256, uint64));
            vm.assertEq(deadline, 0);
            ++moved;
        }
        vm.assertEq(moved, 1);
    }

    function test_insufficientMaterial() public {
        // White Ka1, Black Ke8 and Rb2: Kxb2 leaves the kings.
        uint256 id = fromPosition(6 | 12 << 4 * 9 | 14 << 4 * 60, 0);
        world(id, "a1b2");
        assertDraw(id, IGame.Reason.InsufficientMaterial);
    }

    function test_fiftyMoves() public {
        uint256 id = fromPosition(Chess.START_BOARD, Chess.START_STATE | 99 << 12);
        world(id, "g1f3");
        assertDraw(id, IGame.Reason.FiftyMoves);
    }

    function test_repetition() public {
        uint256 id = started(ordinary());
        for (uint256 i = 0; i < 2; ++i) {
            vm.assertEq(game.summary(id).repeated, i == 1);
            world(id, "g1f3");
            leela(id, "g8f6");
            world(id, "f3g1");
            leela(id, "f6g8");
        }
        assertDraw(id, IGame.Reason.Repetition);
    }

    function test_maxPly() public {
        IGame.Terms memory terms = ordinary();
        terms.maxPly = 3;
        uint256 id = started(terms);
        world(id, "e2e4");
        leela(id, "e7e5");
        world(id, "g1f3");
        assertDraw(id, IGame.Reason.MaxPly);
    }

    /// A mate in the last ply is a mate.
    function test_mateAtMaxPly() public {
        IGame.Terms memory terms = ordinary();
        terms.maxPly = 4;
        uint256 id = started(terms);
        leelaMates(id);
        assertOver(id, IGame.Outcome.Leela, IGame.Reason.Checkmate);
    }

    /// The World mates as Black too.
    function test_worldMatesAsBlack() public {
        IGame.Terms memory terms = ordinary();
        terms.worldIsWhite = false;
        uint256 id = started(terms);
        leela(id, "f2f3");
        world(id, "e7e5");
        leela(id, "g2g4");
        world(id, "d8h4");
        assertOver(id, IGame.Outcome.World, IGame.Reason.Checkmate);
    }

    function fromPosition(uint256 board, uint256 state) private returns (uint256) {
        IGame.Terms memory terms = ordinary();
        terms.book = game.addBook(abi.encode(board, state));
        return started(terms);
    }

    function assertDraw(uint256 id, IGame.Reason reason) private view {
        assertOver(id, IGame.Outcome.Draw, reason);
        vm.assertEq(game.owed(id, account(0)), 3000);
        vm.assertEq(game.owed(id, account(1)), 2000);
        vm.assertEq(game.owed(id, account(3)), 6000);
        vm.assertEq(game.owed(id, address(this)) + game.owed(id, prover), 300, "no fee");
    }

    // ----------------------------------------------------------------------------------------------------- payouts

    /// A side with little cannot take a whole pool: ten times its stake, and the rest returns to the losers.
    function test_oneWeiWinner() public {
        IGame.Terms memory terms = ordinary();
        (terms.minStake, terms.fee) = (1, 0);
        uint256 id = create(terms);
        stakeWorld(id, 0, 1_000_000);
        stakeLeela(id, 3, 1);
        begin(id);
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory one = ballot(id, 0, uci(i == 0 ? "f2f3" : "g2g4"));
            game.castBallots(id, plyOf(id), one);
            vm.warp(game.summary(id).decidableAt);
            game.closeVote(id);
            leela(id, i == 0 ? "e7e5" : "d8h4");
        }
        assertOver(id, IGame.Outcome.Leela, IGame.Reason.Checkmate);
        vm.assertEq(game.owed(id, account(3)), 11);
        vm.assertEq(game.owed(id, account(0)), 999_990);
    }

    /// The prize game: nobody can lose a stake, only the pot is played for.
    function test_prizeGame() public {
        IGame.Terms memory terms = ordinary();
        (terms.leelaPoolOpen, terms.maxOdds, terms.fee) = (false, 0, 0);
        uint256 id = create(terms);
        stakeWorld(id, 0, 3000);
        stakeWorld(id, 1, 2000);
        stakeWorld(id, 2, 5000);
        uint256 snapshot = vm.snapshotState();
        begin(id);
        worldMates(id);
        vm.assertEq(game.owed(id, account(0)), 3000 + 60);
        vm.assertEq(game.owed(id, account(2)), 5000 + 100);
        vm.revertToState(snapshot);
        begin(id);
        leelaMates(id);
        vm.assertEq(game.owed(id, account(0)), 3000);
        vm.assertEq(game.owed(id, address(this)), 90 + 200);
    }

    /// Pools as full as they can be, a pot too: every wei comes out again.
    function test_largestPools() public {
        IGame.Terms memory terms = ordinary();
        (terms.maxOdds, terms.fee, terms.reward) = (type(uint16).max, 500, 0);
        uint256 most = type(uint80).max;
        uint256 id = game.createGame{value: most}(terms, uint128(most));
        stakeWorld(id, 0, most / 3);
        stakeWorld(id, 1, most / 3);
        stakeWorld(id, 2, most - 2 * (most / 3));
        stakeLeela(id, 3, most);
        begin(id);
        worldMates(id);
        uint256 paid;
        for (uint256 n = 0; n < 3; ++n) {
            paid += claim(id, account(n));
        }
        paid += claim(id, address(this));
        vm.assertLe(3 * most - paid, 3);
        vm.assertEq(address(game).balance, 3 * most - paid);
    }

    /// Stakes that do not divide: the dust, at most one wei an account, stays behind.
    function test_dust() public {
        IGame.Terms memory terms = ordinary();
        (terms.minStake, terms.fee, terms.reward) = (1, 0, 0);
        uint256 id = game.createGame(terms, 0);
        stakeWorld(id, 0, 3);
        stakeWorld(id, 1, 3);
        stakeWorld(id, 2, 5);
        stakeLeela(id, 3, 7);
        begin(id);
        worldMates(id);
        // 11 win 7: 3 + 21/11, 3 + 21/11, 5 + 35/11
        vm.assertEq(claim(id, account(0)), 4);
        vm.assertEq(claim(id, account(1)), 4);
        vm.assertEq(claim(id, account(2)), 8);
        vm.expectRevert(refused(id, account(3)));
        claim(id, account(3));
        vm.assertEq(address(game).balance, 2);
    }

    // ------------------------------------------------------------------------------------------------------ claims

    function test_claimTwice() public {
        uint256 id = started(ordinary());
        worldMates(id);
        uint256 owed = game.owed(id, account(0));
        vm.expectEmit(address(game));
        emit IGame.Claimed(id, account(0), account(0), owed);
        claim(id, account(0));
        vm.assertEq(game.owed(id, account(0)), 0);
        vm.expectRevert(refused(id, account(0)));
        claim(id, account(0));
        vm.prank(account(0));
        vm.expectRevert(refused(id, account(0)));
        game.claimTo(id, account(1));
        (, uint128 amount,) = game.stakeOf(id, account(0));
        vm.assertEq(amount, 3000); // what it staked stays known
    }

    function test_claimOfNothing() public {
        uint256 id = started(ordinary());
        vm.expectRevert(refused(id, account(0)));
        claim(id, account(0)); // the game runs
        vm.expectRevert(refused(id, address(this)));
        claim(id, address(this));
        vm.expectRevert(refused(99, account(0)));
        claim(99, account(0));
        leelaMates(id);
        vm.expectRevert(refused(id, account(0)));
        claim(id, account(0)); // it lost
    }

    /// A stranger's claim would pay a contract that wanted its money elsewhere: only the account and its claimer may call it.
    function test_claimer() public {
        uint256 id = started(ordinary());
        worldMates(id);
        uint256 owed = game.owed(id, account(0));
        address helper = address(0x4e1b);
        bytes memory refusal = abi.encodeWithSelector(IGame.NotClaimer.selector, account(0), helper);
        vm.prank(helper);
        vm.expectRevert(refusal);
        game.claim(id, account(0));
        vm.prank(account(0));
        vm.expectEmit(address(game));
        emit IGame.ClaimerChosen(account(0), helper);
        game.chooseClaimer(helper);
        vm.assertEq(game.claimerOf(account(0)), helper);
        vm.prank(helper); // for that account only
        vm.expectRevert(abi.encodeWithSelector(IGame.NotClaimer.selector, account(1), helper));
        game.claim(id, account(1));
        uint256 snapshot = vm.snapshotState();
        vm.prank(helper);
        vm.assertEq(game.claim(id, account(0)), owed);
        vm.assertEq(account(0).balance, owed);
        vm.assertEq(helper.balance, 0);
        vm.revertToState(snapshot);
        vm.prank(account(0));
        game.chooseClaimer(address(0));
        vm.prank(helper);
        vm.expectRevert(refusal);
        game.claim(id, account(0));
    }

    /// Only the account itself may name another receiver.
    function test_claimTo() public {
        uint256 id = started(ordinary());
        worldMates(id);
        uint256 owed = game.owed(id, account(0));
        vm.prank(address(0xbad));
        vm.expectRevert(refused(id, address(0xbad)));
        game.claimTo(id, address(0xbad));
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.ZeroAddress.selector));
        game.claimTo(id, address(0));
        vm.prank(account(0));
        vm.expectEmit(address(game));
        emit IGame.Claimed(id, account(0), address(0xca5e), owed);
        game.claimTo(id, address(0xca5e));
        vm.assertEq(address(0xca5e).balance, owed);
    }

    /// A prover that also staked is paid both, each once, whether it claims between or not.
    function test_rewardAndStake() public {
        IGame.Terms memory terms = ordinary();
        prover = account(0);
        uint256 id = started(terms);
        world(id, "f2f3");
        leela(id, "e7e5");
        vm.assertEq(claim(id, account(0)), 5);
        world(id, "g2g4");
        vm.warp(game.summary(id).deadline);
        game.voidGame(id);
        vm.assertEq(claim(id, account(0)), 3000);
        vm.expectRevert(refused(id, account(0)));
        claim(id, account(0));
    }

    function test_reentrantReceiver() public {
        uint256 id = create(ordinary());
        Reentrant thief = new Reentrant{value: 3000}(game, id);
        thief.stake(IGame.Side.World, vm.addr(voteKey(0)));
        stakeWorld(id, 1, 2000);
        stakeWorld(id, 2, 5000);
        stakeLeela(id, 3, 10000);
        begin(id);
        worldMates(id);
        uint256 owed = game.owed(id, address(thief));
        uint256 others = game.owed(id, account(1)) + game.owed(id, account(2));
        thief.claim();
        vm.assertEq(address(thief).balance, owed);
        vm.assertEq(thief.calls(), 1);
        vm.assertEq(thief.refused(), 2);
        vm.assertEq(claim(id, account(1)) + claim(id, account(2)), others);
    }

    /// A receiver that reverts hurts itself, and may still be paid elsewhere.
    function test_revertingReceiver() public {
        uint256 id = create(ordinary());
        Unpayable stone = new Unpayable();
        stone.stake{value: 3000}(game, id);
        stakeLeela(id, 3, 1000);
        begin(id);
        vm.warp(game.summary(id).deadline);
        game.closeVote(id);
        vm.warp(game.summary(id).deadline);
        game.voidGame(id);
        vm.expectRevert(abi.encodeWithSelector(IGame.TransferFailed.selector, address(stone), 3000));
        claim(id, address(stone));
        vm.assertEq(claim(id, account(3)), 1000);
        stone.claimTo(game, id, address(0xca5e));
        vm.assertEq(address(0xca5e).balance, 3000);
    }

    // -------------------------------------------------------------------------------------------------- the states

    /// Every call in every state that it does not belong to says so. The states are drawn in IGame.
    function test_callsInOtherStates() public {
        refuseAllBut(99, IGame.State.None);
        uint256 id = create(ordinary());
        refuseAllBut(id, IGame.State.Lobby);
        stakeWorld(id, 0, 3000);
        stakeWorld(id, 1, 2000);
        stakeWorld(id, 2, 5000);
        vm.warp(game.summary(id).deadline);
        game.closeLobby(id);
        refuseAllBut(id, IGame.State.Drawn);
        vm.roll(block.number + 3);
        game.begin(id);
        refuseAllBut(id, IGame.State.Vote);
        world(id, "f2f3");
        refuseAllBut(id, IGame.State.Prove);
        vm.warp(game.summary(id).deadline);
        game.voidGame(id);
        refuseAllBut(id, IGame.State.Over);
    }

    function refuseAllBut(uint256 id, IGame.State state) private {
        assertState(id, state);
        uint256[25] memory bitmap;
        bytes memory refusal = abi.encodeWithSelector(IGame.WrongState.selector, id, state);
        if (state != IGame.State.Lobby) {
            vm.expectRevert(refusal);
            game.stake{value: 1000}(id, IGame.Side.World, account(9));
            vm.expectRevert(refusal);
            game.closeLobby(id);
        }
        if (state != IGame.State.Drawn) {
            vm.expectRevert(refusal);
            game.begin(id);
        }
        if (state != IGame.State.Vote) {
            vm.expectRevert(refusal);
            game.castBallot(id, 0, 1);
            vm.expectRevert(refusal);
            game.closeVote(id);
            vm.assertEq(game.castBallots(id, 0, new bytes(70)), 0);
        }
        if (state != IGame.State.Prove) {
            vm.expectRevert(refusal);
            game.submitMove(id, 1, bitmap, prover, "");
            vm.expectRevert(refusal);
            game.voidGame(id);
        }
    }
}
