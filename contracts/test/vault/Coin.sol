// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A token that anyone may mint, with every vice that a token can have.
contract Coin is ERC20("Coin", "COIN") {
    /// Share of each transfer that vanishes.
    uint256 public feeBasisPoints;
    mapping(address account => bool) public isBlocked;
    bool public burnsGas;
    /// What each transfer calls before it moves anything, how often that went through, and the last error if not.
    address public hook;
    bytes public hookData;
    uint256 public hookCalls;
    uint256 public hookSuccesses;
    bytes4 public hookError;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 basisPoints) external {
        feeBasisPoints = basisPoints;
    }

    function setBlocked(address account, bool blocked) external {
        isBlocked[account] = blocked;
    }

    function setBurnsGas(bool burns) external {
        burnsGas = burns;
    }

    function setHook(address target, bytes calldata data) external {
        (hook, hookData, hookCalls, hookSuccesses, hookError) = (target, data, 0, 0, 0);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) return super._update(from, to, value);
        require(!isBlocked[from] && !isBlocked[to], "blocked");
        while (burnsGas) {}
        if (hook != address(0)) {
            ++hookCalls;
            (bool succeeded, bytes memory answer) = hook.call(hookData);
            if (succeeded) ++hookSuccesses;
            else hookError = bytes4(answer);
        }
        uint256 fee = value * feeBasisPoints / 10_000;
        super._update(from, to, value - fee);
        if (fee != 0) super._update(from, address(0), fee);
    }
}
