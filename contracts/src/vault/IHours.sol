// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.24;

/// @title Hourly prices of a Uniswap v3 pool, as a network reads them.
/// @notice Hour h begins at the time 3600 h (Unix, seconds): its boundary. The pool keeps the sum of its tick over time, and tells it
/// for any moment that it remembers. So a boundary has one value, whoever records it and whenever, and
///
///     mean tick of hour h = floor(±(sum at boundary h + 1 - sum at boundary h) / 3600)
///
/// with + if the base token is the pool's token0 and - if it is token1: a tick is about a basis point (a factor of 1.0001) of the
/// base's price in the quote, and a higher one is always a dearer base.
///
/// The network decides in hour h on features 0..35, the oldest first:
///
///     difference i = mean tick of hour (h - 36 + i) - mean tick of hour (h - 37 + i)
///     feature i    = clamp(floor((difference i + 2) / 4), -127, 127)
///
/// that is, in steps of 4 ticks, rounded to the nearest, halves up. They need the boundaries h - 37 .. h.
///
/// `pragma` is wide so that other contracts can use this interface.
interface IHours {
    /// Boundary `hour` is known from now on. `tickCumulative`: the pool's own sum, not turned to the base.
    event HourRecorded(uint256 indexed hour, int56 tickCumulative);

    /// Boundary `hour` is in the future; hour `current` is not over.
    error HourNotBegun(uint256 hour, uint256 current);
    /// The pool's memory does not reach back to boundary `hour`: it can never be recorded.
    error HourForgotten(uint256 hour);
    /// Boundary `hour` is needed and not recorded.
    error HourUnknown(uint256 hour);
    /// The factory has no such pool, or the address is not where the factory creates it (`pool`: what the factory says).
    error NotThePool(address factory, address pool);

    /// @notice Records the boundary of `hour`; does nothing if it is known. Anyone may, as long as the pool remembers.
    function record(uint256 hour) external;

    /// @return 3600. Shorter only in LocalRockefeller, which exists on local chains alone.
    function hourSeconds() external view returns (uint256);

    /// @return The hour of the present block, block.timestamp / 3600.
    function currentHour() external view returns (uint256);

    /// @return known Whether boundary `hour` is recorded.
    /// @return tickCumulative The pool's sum of ticks at it, in tick seconds.
    function boundary(uint256 hour) external view returns (bool known, int56 tickCumulative);

    /// @return Mean tick of `hour`, of the base in the quote. Reverts with HourUnknown if a boundary is missing.
    function meanTick(uint256 hour) external view returns (int24);

    /// @return The network's input in `hour`. Reverts with HourUnknown if a boundary is missing.
    function features(uint256 hour) external view returns (int8[] memory);

    /// @return words The same as the 11 public words of the input (see Dense).
    function inputWords(uint256 hour) external view returns (uint256[] memory words);

    /// @return Uniswap's factory, from the constructor; the pool is where it creates that of base, quote and fee.
    function factory() external view returns (address);
    function pool() external view returns (address);
    /// @return The token whose price the network predicts (WETH).
    function base() external view returns (address);
    /// @return The token that the price is in (USDC).
    function quote() external view returns (address);
}
