// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @title A public randomness beacon: every few seconds one signature, of that round's number, which nobody can choose.
interface IBeacon {
    /// @notice The first round that is due at `time` or later, and when it is due.
    function roundAt(uint256 time) external view returns (uint64 round, uint256 due);

    /// @notice Whether this is the beacon's signature of the round.
    /// @param signature 128 bytes: a point of G1 as EIP-2537 encodes it. A round has exactly one.
    function verify(uint64 round, bytes calldata signature) external view returns (bool);
}

/// @title BLS signatures on G1 of BLS12-381, as drand's scheme bls-unchained-g1-rfc9380 makes them: the message is the SHA-256 of the
/// round's number in eight bytes, hashed to the curve by RFC 9380 (BLS12381G1_XMD:SHA-256_SSWU_RO_).
/// @notice Everything on the curve is done by the precompiles of EIP-2537, which chains have since Prague.
library Bls {
    bytes private constant DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
    /// @dev The generator of G2, negated.
    bytes internal constant MINUS_G2 = hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
        hex"0000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
        hex"000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa"
        hex"0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";
    /// @dev The order of the curve's base field, in 48 bytes.
    bytes private constant P =
        hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

    address private constant MODEXP = address(0x05);
    address private constant G1_ADD = address(0x0b);
    address private constant PAIRING = address(0x0f);
    address private constant MAP_TO_G1 = address(0x10);
    uint256 private constant G1_BYTES = 128;

    /// @notice Whether e(signature, G2) = e(H(round), publicKey).
    /// @param publicKey A point of G2, 256 bytes as EIP-2537 encodes it; trusted.
    /// @param signature Anything. Bytes that are no point of G1's subgroup, or not its one encoding, are refused by the precompile.
    function verify(bytes memory publicKey, uint64 round, bytes memory signature) internal view returns (bool) {
        if (signature.length != G1_BYTES) return false;
        bytes memory hashed = hashToG1(sha256(abi.encodePacked(round)));
        (bool valid, bytes memory answer) = PAIRING.staticcall(abi.encodePacked(signature, MINUS_G2, hashed, publicKey));
        return valid && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }

    /// @notice RFC 9380's hash_to_curve. The precompile clears the cofactor of each point, which comes to the same as clearing it of the sum.
    function hashToG1(bytes32 message) internal view returns (bytes memory point) {
        bytes memory uniform = expand(message);
        return _call(G1_ADD, abi.encodePacked(_map(uniform, 0), _map(uniform, 64)), G1_BYTES);
    }

    /// @notice RFC 9380's expand_message_xmd with SHA-256, to 128 bytes.
    function expand(bytes32 message) internal pure returns (bytes memory uniform) {
        bytes memory suffix = abi.encodePacked(DST, uint8(DST.length));
        bytes32 first = sha256(abi.encodePacked(new bytes(64), message, uint16(128), uint8(0), suffix));
        bytes32 block_;
        for (uint8 i = 1; i < 5; ++i) {
            block_ = sha256(abi.encodePacked(first ^ block_, i, suffix));
            uniform = abi.encodePacked(uniform, block_);
        }
    }

    /// @dev The point that 64 of the bytes, reduced modulo the field's order, are mapped to.
    function _map(bytes memory uniform, uint256 start) private view returns (bytes memory) {
        bytes memory wide = new bytes(64);
        assembly ("memory-safe") {
            mcopy(add(wide, 32), add(add(uniform, 32), start), 64)
        }
        // base^1 mod P: 64 bytes of base, one of exponent, 48 of modulus.
        bytes memory element =
            _call(MODEXP, abi.encodePacked(uint256(64), uint256(1), uint256(48), wide, uint8(1), P), 48);
        return _call(MAP_TO_G1, abi.encodePacked(uint128(0), element), G1_BYTES);
    }

    /// @dev A precompile's answer; reverts where it is missing, since an address without code answers nothing.
    function _call(address precompile, bytes memory input, uint256 expected)
        private
        view
        returns (bytes memory answer)
    {
        bool done;
        (done, answer) = precompile.staticcall(input);
        require(done && answer.length == expected);
    }
}
