// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Bls, IBeacon} from "../src/Beacon.sol";

/// A beacon whose key everybody knows, so that tests can sign. One round each three seconds since 1970.
contract TestBeacon is IBeacon {
    uint256 public constant SECRET = 0x5eed;
    /// The order of the groups.
    uint256 private constant R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    address private constant G1_MSM = address(0x0c);
    address private constant G2_MSM = address(0x0e);

    function roundAt(uint256 time) external pure returns (uint64 round, uint256 due) {
        uint256 periods = (time + 2) / 3;
        return (uint64(periods + 1), periods * 3);
    }

    function verify(uint64 round, bytes calldata signature) external view returns (bool) {
        return Bls.verify(publicKey(SECRET), round, signature);
    }

    function sign(uint64 round) external view returns (bytes memory) {
        return sign(SECRET, round);
    }

    /// Of minus G2, R - secret times.
    function publicKey(uint256 secret) public view returns (bytes memory) {
        return multiply(G2_MSM, abi.encodePacked(Bls.MINUS_G2, R - secret));
    }

    function sign(uint256 secret, uint64 round) public view returns (bytes memory) {
        return multiply(G1_MSM, abi.encodePacked(Bls.hashToG1(sha256(abi.encodePacked(round))), secret));
    }

    function multiply(address precompile, bytes memory input) private view returns (bytes memory product) {
        bool done;
        (done, product) = precompile.staticcall(input);
        require(done);
    }
}
