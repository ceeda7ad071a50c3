// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {LocalCoin} from "./LocalCoin.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";

/// @title A market for local chains: it gives a pool of two LocalCoins its liquidity, and trades until the price is where it should be.
/// @notice It mints what it pays, so it must never meet a token of value.
contract LocalMarket {
    error NotThePool(address caller);

    IUniswapV3Pool public immutable pool;

    constructor(IUniswapV3Pool pool_) {
        pool = pool_;
    }

    /// @notice Opens the pool at a tick, with liquidity at all prices and a memory of so many observations.
    function open(int24 tick, uint128 liquidity, uint16 observations) external {
        pool.initialize(TickMath.getSqrtPriceAtTick(tick));
        pool.increaseObservationCardinalityNext(observations);
        int24 spacing = pool.tickSpacing();
        int24 end = TickMath.MAX_TICK / spacing * spacing;
        pool.mint(address(this), -end, end, liquidity, "");
    }

    /// @notice Trades until token0's price in token1 is 1.0001^tick.
    function push(int24 tick) external {
        uint160 target = TickMath.getSqrtPriceAtTick(tick);
        (uint160 price,,,,,,) = pool.slot0();
        if (price != target) pool.swap(address(this), target < price, type(int128).max, target, "");
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        _pay(pool.token0(), amount0);
        _pay(pool.token1(), amount1);
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        // What the pool asks for is positive, what it gives negative.
        // forge-lint: disable-next-line(unsafe-typecast)
        if (amount0 > 0) _pay(pool.token0(), uint256(amount0));
        // forge-lint: disable-next-line(unsafe-typecast)
        if (amount1 > 0) _pay(pool.token1(), uint256(amount1));
    }

    function _pay(address token, uint256 amount) private {
        if (msg.sender != address(pool)) revert NotThePool(msg.sender);
        LocalCoin(token).mint(msg.sender, amount);
    }
}
