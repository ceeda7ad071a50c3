// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "../src/IGame.sol";
import {GameTest} from "./GameTest.sol";

/// Ballots and the close of the vote. Seats 0, 1 and 2 weigh 3,000, 2,000 and 5,000 of 10,000; the quorum is 25%.
contract GameVoteTest is GameTest {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    uint256 private id;
    uint16 private e4;
    uint16 private d4;
    uint16 private c4;

    function setUp() public override {
        super.setUp();
        id = started(ordinary());
        (e4, d4, c4) = (uci("e2e4"), uci("d2d4"), uci("c2c4"));
    }

    function cast(bytes memory ballots) private returns (uint256) {
        return game.castBallots(id, plyOf(id), ballots);
    }

    // ----------------------------------------------------------------------------------------------- what counts

    function test_batch() public {
        bytes memory batch = bytes.concat(ballot(id, 2, d4), ballot(id, 0, e4), ballot(id, 1, e4));
        vm.expectEmit(address(game));
        emit IGame.BallotsCast(id, 0, abi.encodePacked(uint32(2), d4, uint32(0), e4, uint32(1), e4));
        vm.assertEq(cast(batch), 3);
        assertTally(d4, 5000, 5000, 10000, "d4 was there first, but ties go to the lower move number");
    }

    function assertTally(uint16 move, uint256 leader, uint256 runnerUp, uint256 castWeight, string memory what)
        private
        view
    {
        IGame.Tally memory t = game.tally(id);
        // e2e4 is 12 | 28 << 6, d2d4 is 11 | 27 << 6: the lower number.
        vm.assertEq(t.leader, move, what);
        vm.assertEq(t.leaderWeight, leader, what);
        vm.assertEq(t.runnerUpWeight, runnerUp, what);
        vm.assertEq(t.castWeight, castWeight, what);
        vm.assertEq(game.weightOf(id, plyOf(id), move), leader, what);
    }

    /// Twenty voters with a move each, and twenty who vote for what is illegal between them: each is judged for itself, and the log
    /// says all that counted.
    function test_everyMoveInOneBatch() public {
        uint256 other = create(ordinary());
        for (uint256 n = 0; n < 40; ++n) {
            stakeWorld(other, n, 1000);
        }
        begin(other);
        bytes memory batch;
        bytes memory log;
        for (uint32 n = 0; n < 20; ++n) {
            uint16 origin = n < 16 ? 8 + uint16(n) / 2 : uint16(n) < 18 ? 1 : 6; // pawns, and both knights
            uint16 target = n < 16 ? origin + 8 + 8 * uint16(n % 2) : origin + (n % 2 == 0 ? 15 : 17);
            batch = bytes.concat(
                batch, ballot(other, n, origin | target << 6), ballot(other, n + 20, target | origin << 6)
            );
            log = abi.encodePacked(log, n, origin | target << 6);
        }
        vm.expectEmit(address(game));
        emit IGame.BallotsCast(other, 0, log);
        vm.assertEq(game.castBallots(other, 0, batch), 20);
        vm.assertEq(game.tally(other).castWeight, 20_000);
    }

    /// The log of a crowd that agrees grows past the size of the legal moves, which the last ballots still need.
    function test_largeCrowdThenOthersInOneBatch() public {
        uint256 other = create(ordinary());
        uint32 crowd = 900;
        for (uint256 n = 0; n < crowd + 4; ++n) {
            stakeWorld(other, n, 1000);
        }
        begin(other);
        bytes memory batch;
        bytes memory log;
        for (uint32 n = 0; n < crowd; ++n) {
            batch = bytes.concat(batch, ballot(other, n, uci("e2e4")));
            log = abi.encodePacked(log, n, uci("e2e4"));
        }
        string[4] memory others = ["b1a3", "g1f3", "e2e5", "a2a3"];
        for (uint32 n = 0; n < 4; ++n) {
            batch = bytes.concat(batch, ballot(other, crowd + n, uci(others[n])));
            if (n != 2) log = abi.encodePacked(log, crowd + n, uci(others[n])); // e2e5 is illegal
        }
        vm.expectEmit(address(game));
        emit IGame.BallotsCast(other, 0, log);
        vm.assertEq(game.castBallots(other, 0, batch), crowd + 3);
        vm.assertEq(game.tally(other).castWeight, (crowd + 3) * 1000);
    }

    /// What counts nothing leaves no trace: neither an event nor weight.
    function test_nothingCountedNothingLogged() public {
        bytes memory illegal = ballot(id, 2, uci("e2e5"));
        vm.recordLogs();
        vm.assertEq(cast(illegal), 0);
        vm.assertEq(cast(""), 0);
        vm.assertEq(vm.getRecordedLogs().length, 0);
        assertTally(0, 0, 0, 0, "nothing");
    }

    /// The legal moves are found for the first ballot of a move, and not again for those that follow it.
    function test_knownMovesAreCheap() public {
        (bytes memory first, bytes memory second) = (ballot(id, 0, e4), ballot(id, 1, e4));
        uint256 before = gasleft();
        cast(first);
        uint256 dear = before - gasleft();
        before = gasleft();
        cast(second);
        vm.assertLt(before - gasleft(), dear / 2);
    }

    /// One bad ballot of each kind between good ones: it is skipped and the rest counts.
    function test_oneBadBallotInABatch() public {
        bytes memory first = ballot(id, 0, e4);
        bytes memory last = ballot(id, 1, e4);
        uint256 snapshot = vm.snapshotState();
        bytes[] memory bad = badBallots();
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.assertEq(cast(bad[i]), 0);
            vm.expectEmit(address(game));
            emit IGame.BallotsCast(id, 0, abi.encodePacked(uint32(0), e4, uint32(1), e4));
            vm.assertEq(cast(bytes.concat(first, bad[i], last)), 2);
            assertTally(e4, 5000, 0, 5000, "bad ballot");
            vm.revertToState(snapshot);
        }
    }

    function badBallots() private view returns (bytes[] memory bad) {
        bad = new bytes[](12);
        (bytes32 r, bytes32 vs) = vm.signCompact(voteKey(2), game.ballotDigest(id, 0, e4));
        bad[0] = abi.encodePacked(uint32(3), e4, r, vs); // no such seat
        bad[1] = abi.encodePacked(type(uint32).max, e4, r, vs);
        bad[2] = abi.encodePacked(uint32(1), e4, r, vs); // another seat's signature
        bad[3] = abi.encodePacked(uint32(2), d4, r, vs); // another move's
        bad[4] = abi.encodePacked(uint32(2), e4, r, vs ^ bytes32(uint256(1) << 255)); // the other parity
        bad[5] = abi.encodePacked(uint32(2), e4, bytes32(0), vs); // recovers to nobody
        bad[6] = abi.encodePacked(uint32(2), e4, r, bytes32(0));
        bad[7] = abi.encodePacked(uint32(2), e4, type(uint256).max, type(uint256).max);
        bad[8] = ballot(id, 2, uci("e2e5")); // illegal
        bad[9] = ballot(id, 2, 0);
        bad[10] = ballot(id, 2, type(uint16).max);
        bad[11] = ballot(id, 2, e4 | 5 << 12); // a promotion that is none
    }

    /// The twin of a signature, with n - s, is refused: a ballot has one form.
    function test_signatureWithHighS() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(voteKey(2), game.ballotDigest(id, 0, e4));
        uint256 twin = ORDER - uint256(s);
        // The compact form has no room for such an s, whose top bit may be set; cut to 255 bits it is another signature.
        vm.assertEq(cast(abi.encodePacked(uint32(2), e4, r, twin | uint256(28 - v) << 255)), 0);
        vm.assertEq(cast(abi.encodePacked(uint32(2), e4, r, uint256(s) | uint256(v - 27) << 255)), 1);
    }

    /// An s above half the order is refused even where it fits: here a vote key that was chosen to match such a signature.
    function test_signatureWithLargestS() public {
        uint256 half = ORDER / 2;
        uint256 other = create(ordinary());
        // The digest of the first ply is known before the stake.
        bytes32 digest = gameDigest(other);
        bytes32 r = bytes32(uint256(keccak256("any abscissa")));
        while (ecrecover(digest, 27, r, bytes32(half)) == address(0)) r = keccak256(abi.encode(r));
        for (uint256 i = 0; i < 2; ++i) {
            address key = ecrecover(digest, 27, r, bytes32(half + i));
            vm.deal(account(i), 1000);
            vm.prank(account(i));
            game.stake{value: 1000}(other, IGame.Side.World, key);
        }
        begin(other);
        vm.assertEq(game.ballotDigest(other, 0, e4), digest);
        vm.assertEq(game.castBallots(other, 0, abi.encodePacked(uint32(1), e4, r, half + 1)), 0);
        vm.assertEq(game.castBallots(other, 0, abi.encodePacked(uint32(0), e4, r, half)), 1);
    }

    function gameDigest(uint256 other) private returns (bytes32 digest) {
        uint256 snapshot = vm.snapshotState();
        stakeWorld(other, 0, 1000);
        begin(other);
        digest = game.ballotDigest(other, 0, e4);
        vm.revertToState(snapshot);
    }

    function test_malformedTail() public {
        bytes memory good = ballot(id, 0, e4);
        bytes memory cut = new bytes(69);
        for (uint256 i = 0; i < 69; ++i) {
            cut[i] = good[i];
        }
        vm.assertEq(cast(""), 0);
        vm.assertEq(cast(cut), 0);
        vm.assertEq(cast(bytes.concat(good, cut)), 1);
        assertTally(e4, 3000, 0, 3000, "tail");
    }

    /// Any bytes: nothing counts and nothing reverts.
    function testFuzz_anyBytes(uint16 ply, bytes calldata ballots) public {
        vm.assertEq(game.castBallots(id, ply % 3, ballots), 0);
    }

    function test_oneBallotASeatAndPly() public {
        bytes memory first = ballot(id, 0, e4);
        bytes memory second = ballot(id, 0, d4);
        vm.assertEq(cast(bytes.concat(first, second, first)), 1);
        vm.assertEq(cast(bytes.concat(second, first)), 0);
        assertTally(e4, 3000, 0, 3000, "final");
        vm.assertEq(game.seat(id, 0).votedPly, 1);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.AlreadyVoted.selector, 0, 0));
        game.castBallot(id, 0, d4);
    }

    /// A voter that brings its own ballot before the batch harms nobody.
    function test_ballotFrontRunByItsVoter() public {
        bytes memory batch = bytes.concat(ballot(id, 0, e4), ballot(id, 1, e4), ballot(id, 2, e4));
        vm.prank(account(1));
        game.castBallot(id, 0, d4);
        vm.assertEq(cast(batch), 2);
        assertTally(e4, 8000, 2000, 10000, "front-run");
    }

    /// Seats may share a vote key; a ballot then counts for the seat it is brought for, each once.
    function test_sharedVoteKey() public {
        uint256 other = create(ordinary());
        stakeWorld(other, 0, 1000);
        vm.deal(account(7), 1000);
        vm.prank(account(7));
        game.stake{value: 1000}(other, IGame.Side.World, vm.addr(voteKey(0)));
        begin(other);
        bytes memory mine = ballot(other, 0, e4);
        bytes memory theirs = abi.encodePacked(uint32(1), cutSeat(mine));
        vm.assertEq(game.castBallots(other, 0, mine), 1);
        vm.assertEq(game.seat(other, 1).votedPly, 0);
        vm.assertEq(game.castBallots(other, 0, bytes.concat(theirs, mine, theirs)), 1);
    }

    function cutSeat(bytes memory ballot_) private pure returns (bytes memory rest) {
        rest = new bytes(66);
        for (uint256 i = 0; i < 66; ++i) {
            rest[i] = ballot_[i + 4];
        }
    }

    // ---------------------------------------------------------------------------------------------------- replays

    function test_ballotOnAnotherChain() public {
        bytes memory here = ballot(id, 0, e4);
        vm.chainId(1);
        vm.assertEq(cast(here), 0);
        vm.assertEq(cast(ballot(id, 0, e4)), 1);
    }

    function test_ballotForAnotherContract() public {
        bytes memory here = ballot(id, 0, e4);
        super.setUp();
        vm.assertEq(started(ordinary()), id);
        vm.assertEq(cast(here), 0);
        vm.assertEq(cast(ballot(id, 0, e4)), 1);
    }

    function test_ballotForAnotherGame() public {
        bytes memory here = ballot(id, 0, e4);
        uint256 other = started(ordinary());
        vm.assertEq(game.castBallots(other, 0, here), 0);
    }

    /// The ballot's move is legal again two plies later, and even the position is the same four plies later: it counts once.
    function test_ballotForAnotherPlyOrPosition() public {
        uint16 knight = uci("g1f3");
        bytes memory old = bytes.concat(ballot(id, 0, knight), ballot(id, 1, e4));
        world(id, "b1c3");
        vm.assertEq(game.castBallots(id, 0, old), 0);
        leela(id, "b8c6");
        vm.assertEq(game.castBallots(id, 2, old), 0);
        vm.assertEq(game.castBallots(id, 0, old), 0);
        world(id, "c3b1");
        leela(id, "c6b8");
        vm.assertEq(game.castBallots(id, 4, old), 0);
        vm.assertEq(game.castBallots(id, 0, old), 0);
        vm.assertEq(game.castBallots(id, 4, bytes.concat(ballot(id, 0, knight), ballot(id, 1, e4))), 2);
    }

    /// Ballots that come too early, too late, in the wrong state or for no game count nothing.
    function test_ballotsForFinishedPlies() public {
        bytes memory good = ballot(id, 0, e4);
        vm.assertEq(game.castBallots(id, 1, good), 0);
        vm.assertEq(game.castBallots(id, 4096, good), 0);
        vm.assertEq(game.castBallots(99, 0, good), 0);
        vm.assertEq(game.castBallots(create(ordinary()), 0, good), 0);
        vm.warp(game.summary(id).deadline);
        vm.assertEq(cast(good), 0);
        game.closeVote(id);
        assertState(id, IGame.State.Prove);
        vm.assertEq(cast(good), 0);
    }

    // --------------------------------------------------------------------------------------------- direct ballots

    function test_directBallot() public {
        vm.prank(account(1));
        vm.expectEmit(address(game));
        emit IGame.BallotsCast(id, 0, abi.encodePacked(uint32(1), e4));
        game.castBallot(id, 0, e4);
        assertTally(e4, 2000, 0, 2000, "direct");
    }

    function test_directBallotThatDoesNotCount() public {
        uint64 deadline = game.summary(id).deadline;
        vm.startPrank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.IllegalBallot.selector, uci("e2e5")));
        game.castBallot(id, 0, uci("e2e5"));
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongPly.selector, 1, 0));
        game.castBallot(id, 1, e4);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IGame.NoSeat.selector, address(this)));
        game.castBallot(id, 0, e4);
        vm.prank(account(3)); // staked on Leela
        vm.expectRevert(abi.encodeWithSelector(IGame.NoSeat.selector, account(3)));
        game.castBallot(id, 0, e4);
        vm.warp(deadline);
        vm.prank(account(0));
        vm.expectRevert(abi.encodeWithSelector(IGame.TooLate.selector, deadline, deadline));
        game.castBallot(id, 0, e4);
    }

    function test_digestOfAnotherPly() public {
        vm.expectRevert(abi.encodeWithSelector(IGame.WrongPly.selector, 1, 0));
        game.ballotDigest(id, 1, e4);
    }

    /// The digest is the one that wallets and eth-account make from the typed data of IGame.
    function test_digestIsEip712() public view {
        bytes32 domain = keccak256(
            abi.encode(
                0x8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f,
                keccak256("Proofmate"),
                keccak256("1"),
                block.chainid,
                address(game)
            )
        );
        bytes32 position =
            keccak256(abi.encode(game.summary(id).position.board, game.summary(id).position.state & 0xfff));
        bytes32 ballot_ = keccak256(
            abi.encode(keccak256("Ballot(uint256 game,uint16 ply,uint16 move,bytes32 position)"), id, 0, e4, position)
        );
        vm.assertEq(game.ballotDigest(id, 0, e4), keccak256(abi.encodePacked(hex"1901", domain, ballot_)));
    }

    // ------------------------------------------------------------------------------------------------- the close

    function test_closesAtTheDeadline() public {
        cast(ballot(id, 0, e4));
        uint64 deadline = game.summary(id).deadline;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.Undecided.selector, deadline));
        game.closeVote(id);
        vm.warp(deadline);
        vm.expectEmit(address(game));
        emit IGame.VoteClosed(id, 0, e4, 3000, 3000);
        game.closeVote(id);
        assertState(id, IGame.State.Prove);
        vm.assertEq(plyOf(id), 1);
        vm.assertEq(game.tally(id).castWeight, 0);
        vm.assertEq(game.weightOf(id, 0, e4), 3000);
    }

    function test_decidedVoteClosesEarlyButNotBeforeMinPeriod() public {
        uint64 due = game.summary(id).decidableAt;
        cast(bytes.concat(ballot(id, 2, e4), ballot(id, 0, e4)));
        vm.expectRevert(abi.encodeWithSelector(IGame.TooEarly.selector, block.timestamp, due));
        game.closeVote(id);
        vm.warp(due);
        game.closeVote(id);
        vm.assertEq(plyOf(id), 1);
    }

    /// 5,000 against 3,000 with 2,000 to come could still become a tie, which the lower number wins.
    function test_undecidedBecauseOfATie() public {
        cast(bytes.concat(ballot(id, 2, e4), ballot(id, 0, d4)));
        uint64 deadline = game.summary(id).deadline;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IGame.Undecided.selector, deadline));
        game.closeVote(id);
        cast(ballot(id, 1, d4));
        game.closeVote(id);
        vm.assertEq(game.weightOf(id, 0, d4), 5000);
        vm.assertEq(game.summary(id).position.board >> 4 * 27 & 15, 1); // a pawn on d4
    }

    /// The crowd's order of arrival never matters: all orders of four ballots, two of them tied, play the same move.
    function test_tieByReordering() public {
        uint256 other = create(ordinary());
        stakeWorld(other, 0, 1000);
        stakeWorld(other, 1, 1000);
        stakeWorld(other, 2, 2000);
        stakeWorld(other, 3, 1500);
        begin(other);
        bytes[4] memory ballots =
            [ballot(other, 0, e4), ballot(other, 1, e4), ballot(other, 2, d4), ballot(other, 3, c4)];
        vm.warp(game.summary(other).decidableAt);
        uint256 snapshot = vm.snapshotState();
        for (uint256 order = 0; order < 256; ++order) {
            (uint256 a, uint256 b, uint256 c, uint256 d) = (order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6);
            if (1 << a | 1 << b | 1 << c | 1 << d != 15) continue;
            game.castBallots(other, 0, bytes.concat(ballots[a], ballots[b]));
            game.castBallots(other, 0, bytes.concat(ballots[c], ballots[d]));
            IGame.Tally memory t = game.tally(other);
            vm.assertEq(t.leader, d4);
            vm.assertEq(t.runnerUpWeight, 2000);
            game.closeVote(other);
            vm.assertEq(game.summary(other).position.board >> 4 * 27 & 15, 1);
            vm.revertToState(snapshot);
        }
    }

    /// The one night voter, with 20% of the stake, is not the crowd: the network moves for the World.
    function test_dustVoterAtNight() public {
        cast(ballot(id, 1, uci("f2f3")));
        vm.warp(game.summary(id).deadline);
        vm.expectEmit(address(game));
        emit IGame.VoteClosed(id, 0, 0, 2000, 2000);
        game.closeVote(id);
        assertState(id, IGame.State.Prove);
        vm.assertEq(plyOf(id), 0);
        vm.assertEq(game.summary(id).deadline, block.timestamp + 1 days);
        leela(id, "e2e4"); // the understudy
        assertState(id, IGame.State.Prove);
        vm.assertEq(plyOf(id), 1);
        leela(id, "e7e5");
        assertState(id, IGame.State.Vote);
    }

    /// Exactly the quorum is enough, one wei less is not.
    function test_quorumToTheWei() public {
        IGame.Terms memory terms = ordinary();
        terms.quorum = 3000;
        id = started(terms);
        cast(ballot(id, 0, e4));
        vm.warp(game.summary(id).deadline);
        game.closeVote(id);
        vm.assertEq(plyOf(id), 1);

        id = create(terms);
        stakeWorld(id, 0, 2999);
        stakeWorld(id, 1, 7001);
        begin(id);
        cast(ballot(id, 0, e4));
        vm.warp(game.summary(id).deadline);
        game.closeVote(id);
        vm.assertEq(plyOf(id), 0);
    }

    /// When nobody can reach the quorum any more, the understudy need not wait.
    function test_hopelessVoteClosesEarly() public {
        IGame.Terms memory terms = ordinary();
        terms.quorum = 7000;
        id = started(terms);
        vm.warp(game.summary(id).decidableAt);
        cast(bytes.concat(ballot(id, 0, e4)));
        uint64 deadline = game.summary(id).deadline;
        vm.expectRevert(abi.encodeWithSelector(IGame.Undecided.selector, deadline));
        game.closeVote(id); // 3,000 + 7,000
        cast(ballot(id, 1, d4));
        vm.expectRevert(abi.encodeWithSelector(IGame.Undecided.selector, deadline));
        game.closeVote(id); // 3,000 + 5,000
        cast(ballot(id, 2, c4));
        game.closeVote(id);
        assertState(id, IGame.State.Prove);
        vm.assertEq(plyOf(id), 0);
    }

    /// Nobody votes, and there is no quorum: still the understudy moves, not the empty leader.
    function test_silenceWithoutQuorum() public {
        IGame.Terms memory terms = ordinary();
        terms.quorum = 0;
        id = started(terms);
        vm.warp(game.summary(id).decidableAt);
        uint64 deadline = game.summary(id).deadline;
        vm.expectRevert(abi.encodeWithSelector(IGame.Undecided.selector, deadline));
        game.closeVote(id);
        vm.warp(deadline);
        game.closeVote(id);
        assertState(id, IGame.State.Prove);
        vm.assertEq(plyOf(id), 0);
    }

    /// One person's demo: no quorum, no minimum period. The vote closes in the block of the only ballot.
    function test_soloGame() public {
        IGame.Terms memory terms = ordinary();
        (terms.quorum, terms.minPeriod) = (0, 0);
        id = create(terms);
        stakeWorld(id, 0, 1000);
        begin(id);
        cast(ballot(id, 0, e4));
        game.closeVote(id);
        vm.assertEq(plyOf(id), 1);
    }

    /// A batch of signed illegal ballots costs no more than finding the legal moves once, whatever they say.
    function test_illegalBallotsAreCheap() public {
        uint256 other = create(ordinary());
        stakeWorld(other, 0, 1000);
        begin(other);
        bytes memory batch;
        for (uint16 i = 0; i < 100; ++i) {
            batch = bytes.concat(batch, ballot(other, 0, 63 | i << 6));
        }
        uint256 before = gasleft();
        vm.assertEq(game.castBallots(other, 0, batch), 0);
        vm.assertLt(before - gasleft(), 1_200_000);
    }
}
