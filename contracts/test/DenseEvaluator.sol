// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title A perceptron evaluated in a contract, for the cost of doing without a proof.
/// @notice Layers y = W x, x' = clamp((y + 2^11) >> 12, 0, 127), without biases; both ways give the same sums.
contract DenseEvaluator {
    uint256 private constant LANES = 8;

    /// @notice The obvious loop: a weight is a byte in memory, a product a step.
    function plain(uint256[] calldata widths, int8[] calldata input, bytes calldata weights)
        external
        pure
        returns (int256[] memory x)
    {
        x = _widened(input);
        uint256 offset;
        for (uint256 layer = 1; layer < widths.length; ++layer) {
            int256[] memory y = new int256[](widths[layer]);
            for (uint256 o = 0; o < y.length; ++o) {
                assembly {
                    let sum := 0
                    let from := add(weights.offset, offset)
                    let value := add(x, 32)
                    let end := add(value, shl(5, mload(x)))
                    for {} lt(value, end) {} {
                        sum := add(sum, mul(signextend(0, shr(248, calldataload(from))), mload(value)))
                        from := add(from, 1)
                        value := add(value, 32)
                    }
                    mstore(add(add(y, 32), shl(5, o)), sum)
                }
                offset += x.length;
            }
            x = layer + 1 < widths.length ? _clamp(y) : y;
        }
    }

    /// @notice Eight outputs at once: their weights are lanes of a word, so that one multiplication serves all eight.
    /// @param lanes For each layer, each group of 8 outputs, each input: the sum of weight k times 2^(32 k).
    function packed(uint256[] calldata widths, int8[] calldata input, uint256[] calldata lanes)
        external
        pure
        returns (int256[] memory x)
    {
        x = _widened(input);
        uint256 offset;
        for (uint256 layer = 1; layer < widths.length; ++layer) {
            int256[] memory y = new int256[](widths[layer]);
            for (uint256 group = 0; group < y.length; group += LANES) {
                uint256 sum = 0x8000000080000000800000008000000080000000800000008000000080000000;
                assembly {
                    let from := add(lanes.offset, shl(5, offset))
                    let value := add(x, 32)
                    let end := add(value, shl(5, mload(x)))
                    for {} lt(value, end) {} {
                        sum := add(sum, mul(calldataload(from), mload(value)))
                        from := add(from, 32)
                        value := add(value, 32)
                    }
                }
                for (uint256 k = 0; k < LANES && group + k < y.length; ++k) {
                    y[group + k] = int256(sum >> 32 * k & 0xffffffff) - 0x80000000;
                }
                offset += x.length;
            }
            x = layer + 1 < widths.length ? _clamp(y) : y;
        }
    }

    function _widened(int8[] calldata input) private pure returns (int256[] memory x) {
        x = new int256[](input.length);
        for (uint256 i = 0; i < input.length; ++i) {
            x[i] = input[i];
        }
    }

    function _clamp(int256[] memory y) private pure returns (int256[] memory) {
        for (uint256 i = 0; i < y.length; ++i) {
            int256 rounded = y[i] + 2048 >> 12;
            y[i] = rounded < 0 ? int256(0) : rounded > 127 ? int256(127) : rounded;
        }
        return y;
    }
}
