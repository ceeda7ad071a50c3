// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title Calls of a generated Halo2 verifier: 31 public words, then the proof.
library Verifier {
    /// @dev The words: 25 of the bitmap, 5 of the board, the context.
    uint256 internal constant WORDS_BYTES = 31 * 32;
    uint256 internal constant BITMAP_BYTES = 25 * 32;
    /// @dev A point off the curve burns all the gas that the verifier is given; a valid proof takes about 500,000.
    uint256 private constant VERIFIER_GAS = 2_000_000;

    /// @return accepted Whether the verifier neither reverts nor returns anything. What it does return is not copied.
    function accepts(address verifier, bytes memory input) internal view returns (bool accepted) {
        assembly ("memory-safe") {
            accepted := staticcall(VERIFIER_GAS, verifier, add(input, 32), mload(input), 0, 0)
            accepted := and(accepted, iszero(returndatasize()))
        }
    }
}
