// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Hours} from "./Hours.sol";
import {IHours} from "./IHours.sol";
import {Rockefeller} from "./Rockefeller.sol";

/// @title The vault for local chains: the same in all but its hours, which are short, so that a visitor sees it act.
contract LocalRockefeller is Rockefeller {
    /// @dev Chain ids of development nodes, as in Registry.
    error NotALocalChain(uint256 chainId);

    constructor(Terms memory terms, bytes memory sample) Rockefeller(terms, sample) {
        if (block.chainid != 31337 && block.chainid != 1337) revert NotALocalChain(block.chainid);
    }

    function hourSeconds() public pure override(Hours, IHours) returns (uint256) {
        return 20;
    }
}
