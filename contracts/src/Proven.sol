// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.24;

/// @title What a contract needs to obey a network: a pinned verifier, and proofs that are good once, here, for one payee.
/// @notice A contract makes a `Pin` when it is created and passes it to `check` with public words that it builds itself; the last of
/// them is a `context`. See docs/your-own-network.md.
library Proven {
    /// The address has no code, or delegates to another's (EIP-7702).
    error NoCode(address verifier);
    /// Tried out, the verifier accepted what it must not (`trial` 1 to 3: a changed word, 4: a changed proof, 5: a proof of zeros) or
    /// refused the sample (0).
    error UnfitVerifier(address verifier, uint256 trial);
    error VerifierChanged(address verifier, bytes32 expected, bytes32 found);
    error WrongProofLength(uint256 length, uint256 expected);
    /// The word is at or above the scalar field's order; the verifier would read another in its place.
    error WordOutOfRange(uint256 index, uint256 word);
    error ProofRejected(address verifier);

    /// @param verifier A generated Halo2 verifier: its calldata are words and proof; it reverts, or returns nothing.
    /// @param codeHash keccak256 of its code.
    /// @param proofBytes Length of a proof.
    struct Pin {
        address verifier;
        bytes32 codeHash;
        uint256 proofBytes;
    }

    /// @dev Order of BN254's scalar field. Every public word is below it: the verifier would reduce a larger one.
    uint256 internal constant FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    /// @dev A point off the curve burns all the gas that the verifier is given; a valid proof takes about 500,000.
    uint256 private constant VERIFIER_GAS = 2_000_000;
    /// @dev How the code of an account that delegates begins (EIP-7702); no other code can (EIP-3541).
    bytes2 private constant DELEGATES = 0xef01;

    /// @notice Pins a verifier once it refuses garbage and accepts the sample. The good proof comes last: a verifier that runs out
    /// of gas seems to refuse garbage, but then refuses that one too.
    /// @param bitmapWords How many of the public words are the bitmap, which comes first.
    /// @param words How many public words it takes; the last is the context.
    /// @param sample Public words and a proof of them.
    function pin(address verifier, uint256 bitmapWords, uint256 words, bytes memory sample)
        internal
        view
        returns (Pin memory)
    {
        if (verifier.code.length == 0 || bytes2(verifier.code) == DELEGATES) revert NoCode(verifier);
        uint256 length = sample.length;
        if (length <= 32 * words) revert WrongProofLength(length, 32 * words);
        uint256[4] memory ends = [32 * bitmapWords, 32 * (words - 1), 32 * words, length];
        for (uint256 i = 0; i < 4; ++i) {
            sample[ends[i] - 1] ^= 0x01;
            if (accepts(verifier, sample)) revert UnfitVerifier(verifier, i + 1);
            sample[ends[i] - 1] ^= 0x01;
        }
        bytes memory zeros = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(zeros, 32), add(sample, 32), mul(words, 32))
        }
        if (accepts(verifier, zeros)) revert UnfitVerifier(verifier, 5);
        if (!accepts(verifier, sample)) revert UnfitVerifier(verifier, 0);
        return Pin(verifier, verifier.codehash, length - 32 * words);
    }

    /// @notice Reverts unless the proof is one of these words by the pinned verifier.
    function check(Pin memory pinned, uint256[] memory words, bytes memory proof) internal view {
        bytes32 found = pinned.verifier.codehash;
        if (found != pinned.codeHash) revert VerifierChanged(pinned.verifier, pinned.codeHash, found);
        if (proof.length != pinned.proofBytes) revert WrongProofLength(proof.length, pinned.proofBytes);
        for (uint256 i = 0; i < words.length; ++i) {
            if (words[i] >= FIELD) revert WordOutOfRange(i, words[i]);
        }
        if (!accepts(pinned.verifier, abi.encodePacked(words, proof))) revert ProofRejected(pinned.verifier);
    }

    /// @return accepted Whether the verifier neither reverts nor returns anything. What it does return is not copied.
    function accepts(address verifier, bytes memory input) internal view returns (bool accepted) {
        assembly ("memory-safe") {
            accepted := staticcall(VERIFIER_GAS, verifier, add(input, 32), mload(input), 0, 0)
            accepted := and(accepted, iszero(returndatasize()))
        }
    }

    /// @notice The public word that ties a proof to one use in one contract on one chain, and to one payee.
    /// @param nonce Whole 32-byte words that never occur twice in this contract, say abi.encode(hour).
    /// @return keccak256(abi.encode(chain id, contract, nonce's words, payee)) mod FIELD.
    function context(bytes memory nonce, address payee) internal view returns (uint256) {
        bytes32 prefix = bytes32(uint256(uint160(address(this))));
        return uint256(keccak256(abi.encodePacked(block.chainid, prefix, nonce, uint256(uint160(payee))))) % FIELD;
    }
}
