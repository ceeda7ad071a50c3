// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Bls, IBeacon} from "./Beacon.sol";

/// @title quicknet, the League of Entropy's network of drand with a round every three seconds (https://drand.love).
/// @notice Its chain hash is 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971. The key and the schedule are what
/// https://api.drand.sh/52db9ba7.../info publishes; tests check them on rounds that it signed.
contract Quicknet is IBeacon {
    uint256 private constant GENESIS = 1692803367;
    uint256 private constant PERIOD = 3;
    bytes private constant PUBLIC_KEY = hex"000000000000000000000000000000000d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
        hex"0000000000000000000000000000000003cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        hex"000000000000000000000000000000000e5db2b6bfbb01c867749cadffca88b36c24f3012ba09fc4d3022c5c37dce0f977d3adb5d183c7477c442b1f04515273"
        hex"0000000000000000000000000000000001a714f2edb74119a2f2b0d5a7c75ba902d163700a61bc224ededd8e63aef7be1aaf8e93d7a9718b047ccddb3eb5d68b";

    /// @inheritdoc IBeacon
    function roundAt(uint256 time) external pure returns (uint64 round, uint256 due) {
        uint256 periods = time <= GENESIS ? 0 : (time - GENESIS + PERIOD - 1) / PERIOD;
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint64(periods + 1), GENESIS + periods * PERIOD);
    }

    /// @inheritdoc IBeacon
    function verify(uint64 round, bytes calldata signature) external view returns (bool) {
        return Bls.verify(PUBLIC_KEY, round, signature);
    }
}
