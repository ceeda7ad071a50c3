// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Vote} from "../src/Vote.sol";
import {Test} from "./Test.sol";

/// The count against a plain one that keeps every move's weight, and early closing against all that could still come.
contract VoteTest is Test {
    using Vote for Vote.Count;

    uint256 private constant MOVES = 4;

    struct Plain {
        uint80[5] weights; // by move; 0 is no move
        uint80 cast;
    }

    function vote(Vote.Count memory count, Plain memory plain, uint16 move, uint80 weight) private pure {
        plain.weights[move] += weight;
        plain.cast += weight;
        count.add(move, plain.weights[move], weight);
    }

    /// The heaviest move, ties to the lower number, and the heaviest of the others.
    function leaderOf(Plain memory plain) private pure returns (uint16 leader, uint80 runnerUp) {
        for (uint16 move = 1; move <= MOVES; ++move) {
            if (plain.weights[move] > plain.weights[leader]) leader = move;
        }
        for (uint16 move = 1; move <= MOVES; ++move) {
            if (move != leader && plain.weights[move] > runnerUp) runnerUp = plain.weights[move];
        }
    }

    function choiceOf(Plain memory plain, uint256 total, uint256 quorum) private pure returns (uint16 leader) {
        (leader,) = leaderOf(plain);
        if (uint256(plain.weights[leader]) * 10_000 < total * quorum) leader = 0;
    }

    function check(Vote.Count memory count, Plain memory plain) private pure {
        (uint16 leader, uint80 runnerUp) = leaderOf(plain);
        vm.assertEq(count.leader, leader, "leader");
        vm.assertEq(count.leaderWeight, plain.weights[leader], "leader's weight");
        vm.assertEq(count.runnerUpWeight, runnerUp, "runner-up");
        vm.assertEq(count.castWeight, plain.cast, "cast");
    }

    /// Any ballots in any order.
    function testFuzz_countsLikeAPlainOne(uint256 seed) public pure {
        Vote.Count memory count;
        Plain memory plain;
        check(count, plain);
        for (uint256 i = 0; i < 24; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            vote(count, plain, uint16(draw % MOVES + 1), uint80(draw >> 8 & 3) + 1);
            check(count, plain);
        }
    }

    /// The largest weights: 2^80 - 1 in all.
    function test_largest() public pure {
        Vote.Count memory count;
        Plain memory plain;
        vote(count, plain, 2, type(uint80).max - 1);
        vote(count, plain, 1, 1);
        check(count, plain);
        vm.assertEq(count.choice(type(uint80).max, 10_000), 0);
        vm.assertEq(count.choice(type(uint80).max, 9_999), 2);
        vm.assertTrue(count.isDecided(type(uint80).max, 10_000));
    }

    /// Exhaustive: four seats of 1..3 wei; after each number of ballots cast, each way the rest may vote or stay away. If the vote is
    /// decided, nothing that can follow changes what is played; and once all have voted it is decided.
    function test_decidedStaysDecided() public view {
        uint256[5] memory quorums = [uint256(0), 2500, 5000, 7500, 10_000];
        for (uint256 n = 0; n < 81; ++n) {
            uint80[4] memory seats =
                [uint80(n % 3 + 1), uint80(n / 3 % 3 + 1), uint80(n / 9 % 3 + 1), uint80(n / 27 + 1)];
            for (uint256 q = 0; q < 5; ++q) {
                this.tryVotes(seats, quorums[q]); // a call of its own, for its memory
            }
        }
    }

    function tryVotes(uint80[4] memory seats, uint256 quorum) external pure {
        for (uint256 votes = 0; votes < 9; ++votes) {
            tryRest(seats, votes, quorum);
        }
    }

    /// Two seats vote for moves 1..3 as `votes` says, then the other two for 1..3 or not at all.
    function tryRest(uint80[4] memory seats, uint256 votes, uint256 quorum) private pure {
        uint256 total = uint256(seats[0]) + seats[1] + seats[2] + seats[3];
        Vote.Count memory count;
        Plain memory plain;
        vote(count, plain, uint16(votes % 3 + 1), seats[0]);
        vote(count, plain, uint16(votes / 3 + 1), seats[1]);
        bool decided = count.isDecided(total, quorum);
        uint16 choice = count.choice(total, quorum);
        vm.assertEq(choice, choiceOf(plain, total, quorum));
        for (uint256 rest = 0; rest < 16; ++rest) {
            Plain memory later = abi.decode(abi.encode(plain), (Plain));
            Vote.Count memory after_ = abi.decode(abi.encode(count), (Vote.Count));
            if (rest % 4 != 0) vote(after_, later, uint16(rest % 4), seats[2]);
            if (rest / 4 != 0) vote(after_, later, uint16(rest / 4), seats[3]);
            if (decided) vm.assertEq(after_.choice(total, quorum), choice, "decided, and yet changed");
            if (rest % 4 != 0 && rest / 4 != 0) vm.assertTrue(after_.isDecided(total, quorum), "all have voted");
        }
    }

    /// Exhaustive, up to 7 wei: a vote that is not decided can still change, or come to a tie. Nobody waits for nothing.
    function test_undecidedMayStillChange() public pure {
        for (uint80 total = 1; total <= 7; ++total) {
            for (uint80 leader = 0; leader <= total; ++leader) {
                for (uint80 second = 0; second <= leader && leader + second <= total; ++second) {
                    for (uint256 quorum = 0; quorum <= 10_000; quorum += 2500) {
                        checkUndecided(Vote.Count(leader == 0 ? 0 : 2, leader, second, leader + second), total, quorum);
                    }
                }
            }
        }
    }

    function checkUndecided(Vote.Count memory count, uint80 total, uint256 quorum) private pure {
        if (count.isDecided(total, quorum)) return;
        uint80 rest = total - count.castWeight;
        bool caughtUp = count.runnerUpWeight + rest >= count.leaderWeight;
        uint16 before = count.choice(total, quorum);
        count.add(count.leader == 0 ? 1 : count.leader, count.leaderWeight + rest, rest);
        vm.assertTrue(before == 0 ? count.choice(total, quorum) != 0 : caughtUp, "undecided, and yet settled");
    }
}
