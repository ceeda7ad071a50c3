// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {IGame} from "../src/IGame.sol";

/// An account that stakes on the World, once.
contract Staker {
    constructor(IGame game, uint256 id, address voteKey) payable {
        game.stake{value: msg.value}(id, IGame.Side.World, voteKey);
    }
}

/// Thousands of stakers for `bench/games.py`.
contract Crowd {
    function join(IGame game, uint256 id, uint256 count) external payable {
        for (uint256 i = 0; i < count; ++i) {
            new Staker{value: msg.value / count}(game, id, address(this));
        }
    }
}
