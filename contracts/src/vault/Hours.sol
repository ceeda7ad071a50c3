// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Dense} from "../Dense.sol";
import {IHours} from "./IHours.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {IUniswapV3Factory} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Factory.sol";
import {IUniswapV3Pool} from "@uniswap/v3-core/contracts/interfaces/IUniswapV3Pool.sol";

/// @title Hourly prices of a Uniswap v3 pool. What each function promises stands in IHours.
abstract contract Hours is IHours {
    uint256 internal constant FEATURES = 36;
    /// @dev Ticks a step of a feature.
    int256 private constant STEP = 4;
    int256 private constant FEATURE_MAX = 127;
    /// @dev keccak256 of the creation code of UniswapV3Pool, on every chain where Uniswap deployed it. What stands at the address that
    /// it gives is that code, whoever the factory is.
    bytes32 private constant POOL_CREATION = 0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54;
    /// @dev A storage word holds four boundaries, 64 bits each: the pool's int56, and this bit once it is known.
    uint256 private constant KNOWN = 1 << 63;

    /// @inheritdoc IHours
    address public immutable factory;
    /// @inheritdoc IHours
    address public immutable pool;
    /// @inheritdoc IHours
    address public immutable base;
    /// @inheritdoc IHours
    address public immutable quote;
    bool internal immutable _baseIsToken0;

    mapping(uint256 index => uint256 four) private _boundaries;

    constructor(address factory_, address base_, address quote_, uint24 fee) {
        _baseIsToken0 = base_ < quote_;
        (address token0, address token1) = _baseIsToken0 ? (base_, quote_) : (quote_, base_);
        address found = IUniswapV3Factory(factory_).getPool(token0, token1, fee);
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        if (found.code.length == 0 || found != Create2.computeAddress(salt, POOL_CREATION, factory_)) {
            revert NotThePool(factory_, found);
        }
        (factory, pool, base, quote) = (factory_, found, base_, quote_);
    }

    /// @inheritdoc IHours
    function record(uint256 hour) external {
        uint256 current = currentHour();
        if (hour > current) revert HourNotBegun(hour, current);
        (bool known,) = boundary(hour);
        if (known) return;
        // The difference fits: the pool computes with times mod 2^32 as well.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint32 ago = uint32(block.timestamp - hour * hourSeconds());
        int56 sum = _sumOfTicks(hour, ago);
        // The low 56 bits are kept, sign and all.
        // forge-lint: disable-next-line(unsafe-typecast)
        _boundaries[hour / 4] |= (KNOWN | uint56(sum)) << 64 * (hour % 4);
        emit HourRecorded(hour, sum);
    }

    /// @dev What the pool's sum of ticks was so many seconds ago. The call fails only if the pool has forgotten, or for want of gas:
    /// either way nothing is recorded.
    function _sumOfTicks(uint256 hour, uint32 ago) internal view returns (int56) {
        uint32[] memory agos = new uint32[](1);
        agos[0] = ago;
        try IUniswapV3Pool(pool).observe(agos) returns (int56[] memory sums, uint160[] memory) {
            return sums[0];
        } catch {
            revert HourForgotten(hour);
        }
    }

    /// @inheritdoc IHours
    function hourSeconds() public pure virtual returns (uint256) {
        return 1 hours;
    }

    /// @inheritdoc IHours
    function currentHour() public view returns (uint256) {
        return block.timestamp / hourSeconds();
    }

    /// @inheritdoc IHours
    function boundary(uint256 hour) public view returns (bool known, int56 tickCumulative) {
        uint256 lane = _boundaries[hour / 4] >> 64 * (hour % 4);
        // forge-lint: disable-next-line(unsafe-typecast)
        return (lane & KNOWN != 0, int56(uint56(lane)));
    }

    /// @inheritdoc IHours
    function meanTick(uint256 hour) public view returns (int24) {
        return _mean(_sumAt(hour), _sumAt(hour + 1), hourSeconds());
    }

    /// @inheritdoc IHours
    function features(uint256 hour) public view returns (int8[] memory values) {
        values = new int8[](FEATURES);
        uint256 first = hour - FEATURES - 1;
        int56 sum = _sumAt(first + 1);
        int256 before = _mean(_sumAt(first), sum, hourSeconds());
        // Ticks are small numbers.
        unchecked {
            for (uint256 i = 0; i < FEATURES; ++i) {
                int56 next = _sumAt(first + i + 2);
                int256 mean = _mean(sum, next, hourSeconds());
                int256 steps = _floor(mean - before + STEP / 2, STEP);
                if (steps > FEATURE_MAX) steps = FEATURE_MAX;
                if (steps < -FEATURE_MAX) steps = -FEATURE_MAX;
                // forge-lint: disable-next-line(unsafe-typecast)
                values[i] = int8(steps);
                (sum, before) = (next, mean);
            }
        }
    }

    /// @inheritdoc IHours
    function inputWords(uint256 hour) public view returns (uint256[] memory words) {
        return Dense.inputWords(features(hour));
    }

    function _sumAt(uint256 hour) internal view returns (int56) {
        (bool known, int56 sum) = boundary(hour);
        if (!known) revert HourUnknown(hour);
        return sum;
    }

    /// @dev Mean tick of the base between two sums so many seconds apart.
    function _mean(int56 from, int56 to, uint256 elapsed) internal view returns (int24) {
        unchecked {
            int256 grown = int256(to) - from;
            // The mean of ticks is a tick, and seconds are few.
            // forge-lint: disable-next-line(unsafe-typecast)
            return int24(_floor(_baseIsToken0 ? grown : -grown, int256(elapsed)));
        }
    }

    /// @dev Division rounded down; the divisor is positive.
    function _floor(int256 a, int256 divisor) private pure returns (int256) {
        unchecked {
            return a / divisor - (a % divisor < 0 ? int256(1) : int256(0));
        }
    }
}
