// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title The count of one ply's ballots: pure arithmetic, independent of the order in which they arrive.
library Vote {
    uint256 private constant BASIS_POINTS = 10_000;

    /// @dev One storage word. The runner-up is the heaviest of all moves but the leader.
    ///
    ///     bit 255          176 175            96 95             16 15     0
    ///         [ castWeight    ][ runnerUpWeight ][ leaderWeight   ][ leader ]
    struct Count {
        uint16 leader;
        uint80 leaderWeight;
        uint80 runnerUpWeight;
        uint80 castWeight;
    }

    /// @notice Counts a ballot of `weight` for `move`, which now has `moveWeight` in all.
    function add(Count memory count, uint16 move, uint80 moveWeight, uint80 weight) internal pure {
        unchecked {
            count.castWeight += weight; // all weights together are a pool, below 2^80
        }
        if (move == count.leader) {
            count.leaderWeight = moveWeight;
        } else if (moveWeight > count.leaderWeight || (moveWeight == count.leaderWeight && move < count.leader)) {
            count.runnerUpWeight = count.leaderWeight;
            (count.leader, count.leaderWeight) = (move, moveWeight);
        } else if (moveWeight > count.runnerUpWeight) {
            count.runnerUpWeight = moveWeight;
        }
    }

    /// @param total All World stake. @param quorum In basis points of it.
    /// @return move The move that the crowd plays as the count stands; 0: it has none, the understudy moves.
    function choice(Count memory count, uint256 total, uint256 quorum) internal pure returns (uint16 move) {
        return _reaches(count.leaderWeight, total, quorum) ? count.leader : 0;
    }

    /// @return True only if no ballot not yet cast can change `choice`: either the leader has the quorum and nobody can catch up
    /// (not even to a tie, which a lower move number would win), or nobody can reach the quorum any more. It may be false although
    /// none can: a tie counts as lost, whatever the moves' numbers.
    function isDecided(Count memory count, uint256 total, uint256 quorum) internal pure returns (bool) {
        uint256 rest = total - count.castWeight;
        if (rest == 0) return true;
        if (choice(count, total, quorum) != 0) return count.leaderWeight > count.runnerUpWeight + rest;
        return !_reaches(count.leaderWeight + rest, total, quorum);
    }

    function _reaches(uint256 weight, uint256 total, uint256 quorum) private pure returns (bool) {
        return weight * BASIS_POINTS >= total * quorum;
    }
}
