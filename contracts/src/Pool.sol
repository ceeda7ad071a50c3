// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "./IGame.sol";

/// @title The payout of a game: pure arithmetic, rounded down for whoever is paid.
/// @notice With pools W (the winners') and L (the losers'), odds m, fee share f and pot p (0 unless the World wins):
///
///     matched = min(L, m W)           what of the losers' pool is played for
///     fee     = matched f / 10,000
///     a winner with stake s gets      s + s (matched - fee + p) / W
///     a loser with stake s gets       s (L - matched) / L
///
/// Stakes of a side sum to its pool, and floors sum to at most the floor of the sum, so the winners get at most
/// W + matched - fee + p and the losers at most L - matched: with the fee, never more than W + L + p, and short of it by less
/// than one wei an account (the dust). A product stays below 2^256 as long as W + L + p < 2^128.
library Pool {
    uint256 internal constant BASIS_POINTS = 10_000;

    /// @param maxOdds A winner wins at most this many times the stake from the other pool.
    /// @param fee Share, in basis points, of what is won from the other pool.
    struct Pools {
        uint256 world;
        uint256 leela;
        uint256 pot;
        uint256 maxOdds;
        uint256 fee;
    }

    /// @return amount What a stake of `side` is paid when the game ends with `outcome`; all of it back after a draw or a void.
    function payout(Pools memory pools, IGame.Outcome outcome, IGame.Side side, uint256 stake)
        internal
        pure
        returns (uint256 amount)
    {
        if (!_isWon(outcome)) return stake;
        (uint256 winners, uint256 losers) = _sides(pools, outcome);
        uint256 taken = _matched(pools, winners, losers);
        bool worldWon = outcome == IGame.Outcome.World;
        if (worldWon != (side == IGame.Side.World)) return stake * (losers - taken) / losers;
        return stake + stake * (taken - _fee(pools, taken) + (worldWon ? pools.pot : 0)) / winners;
    }

    /// @return amount What the pools leave to the creator: the fee after a win, the pot unless the World won it.
    function creatorShare(Pools memory pools, IGame.Outcome outcome) internal pure returns (uint256 amount) {
        if (outcome != IGame.Outcome.World) amount = pools.pot;
        if (_isWon(outcome)) {
            (uint256 winners, uint256 losers) = _sides(pools, outcome);
            amount += _fee(pools, _matched(pools, winners, losers));
        }
    }

    function _isWon(IGame.Outcome outcome) private pure returns (bool) {
        return outcome == IGame.Outcome.World || outcome == IGame.Outcome.Leela;
    }

    function _sides(Pools memory pools, IGame.Outcome outcome) private pure returns (uint256 winners, uint256 losers) {
        return outcome == IGame.Outcome.World ? (pools.world, pools.leela) : (pools.leela, pools.world);
    }

    function _matched(Pools memory pools, uint256 winners, uint256 losers) private pure returns (uint256) {
        uint256 most = winners * pools.maxOdds;
        return losers < most ? losers : most;
    }

    function _fee(Pools memory pools, uint256 matched) private pure returns (uint256) {
        return matched * pools.fee / BASIS_POINTS;
    }
}
