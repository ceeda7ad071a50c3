// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Dense} from "../src/Dense.sol";
import {Test} from "./Test.sol";

/// Errors come from a call, where expectRevert sees them.
contract DenseCalls {
    function checkBest(uint256[] calldata bitmap, uint256 classes, uint256 class, uint256 allowed) external pure {
        Dense.checkBest(bitmap, classes, class, allowed);
    }
}

contract DenseTest is Test {
    DenseCalls private calls = new DenseCalls();

    /// The words of one stream, computed by a few lines of Python that share nothing with the library.
    function test_inputWordsOfAKnownInput() public pure {
        int8[] memory features = new int8[](36);
        for (uint256 i = 0; i < 36; ++i) {
            features[i] = int8(int256((i * 37 + 11) % 255) - 127);
        }
        uint256[] memory words = Dense.inputWords(features);
        uint256[11] memory expected = [
            uint256(0x001802040000000000001406000000000000000c0c05),
            0x00000607000000000000040402000000000000140402,
            0x00040001000000000000140a030000000000001c0602,
            0x00040e070000000000000402010000000000001c0201,
            0x001400060000000000001c0204000000000000140e02,
            0x00000007000000000000100a00000000000000100806,
            0x00000604000000000000180c03000000000000000a03,
            0x00000e07000000000000080c00000000000000080802,
            0x00040c060000000000000c0206000000000000180c00,
            0x00140e04000000000000100000000000000000080a01,
            0x1c0a01000000000000140000
        ];
        vm.assertEq(words.length, 11);
        for (uint256 i = 0; i < 11; ++i) {
            vm.assertEq(words[i], expected[i]);
        }
    }

    /// Each bit of each feature has a square of its own, and the words hold nothing else.
    /// forge-config: default.fuzz.runs = 64
    /// forge-config: long.fuzz.runs = 2000
    function testFuzz_inputWordsHoldEachBitOnce(int8[100] memory values, uint256 count) public pure {
        count = bound(count, 1, 100);
        int8[] memory features = new int8[](count);
        for (uint256 i = 0; i < count; ++i) {
            features[i] = values[i];
        }
        uint256[] memory words = Dense.inputWords(features);
        uint256 planes = (8 * count + 8) / 9;
        vm.assertEq(words.length, (planes + 2) / 3);
        for (uint256 j = 0; j < 8 * count; ++j) {
            uint256 plane = j / 9;
            uint256 square = 9 * (j % 9 / 3) + j % 3;
            uint256 inWord = plane / 3 == planes / 3 ? planes % 3 : 3; // planes of this word
            uint256 bit = 72 * (inWord - 1 - plane % 3) + square;
            vm.assertEq(words[plane / 3] >> bit & 1, uint8(features[j / 8]) >> j % 8 & 1);
            words[plane / 3] &= ~(1 << bit);
        }
        for (uint256 i = 0; i < words.length; ++i) {
            vm.assertEq(words[i], 0);
        }
    }

    /// A bitmap accepts a class exactly if it is set and no other allowed one is; other squares and classes do not matter.
    function testFuzz_checkBest(uint256 seed, uint256 classes, uint256 class, uint256 allowed, uint256 set) public {
        classes = bound(classes, 1, 40);
        class = bound(class, 0, classes - 1);
        allowed = allowed & (1 << classes) - 1 | 1 << class;
        if (seed % 2 == 0) set = set & ~allowed | 1 << class; // An honest bitmap, half of the time.
        uint256[] memory bitmap = new uint256[]((classes + 2) / 3);
        for (uint256 c = 0; c < 3 * bitmap.length; ++c) {
            uint256 inWord = c / 3 == classes / 3 ? classes % 3 : 3;
            if (c >= classes) continue;
            uint256 plane = uint256(keccak256(abi.encode(seed, c))) & (1 << 71) - 1 & ~uint256(1 << 10);
            bitmap[c / 3] |= (plane | (set >> c & 1) << 10) << 72 * (inWord - 1 - c % 3);
        }
        uint256 better = set & allowed & ~(1 << class);
        if (set >> class & 1 == 0) vm.expectRevert(abi.encodeWithSelector(Dense.ClassNotSet.selector, class));
        else if (better != 0) vm.expectRevert(abi.encodeWithSelector(Dense.BetterClassSet.selector, lowest(better)));
        calls.checkBest(bitmap, classes, class, allowed);
    }

    function lowest(uint256 bits) private pure returns (uint256 bit) {
        while (bits >> bit & 1 == 0) ++bit;
    }

    function test_checkBestRefusesOtherClassesAndLengths() public {
        uint256[] memory bitmap = new uint256[](4);
        vm.expectRevert(abi.encodeWithSelector(Dense.NoSuchClass.selector, 12, 12));
        calls.checkBest(bitmap, 12, 12, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(Dense.ClassNotAllowed.selector, 3));
        calls.checkBest(bitmap, 12, 3, 0x7);
        vm.expectRevert(abi.encodeWithSelector(Dense.WrongBitmapLength.selector, 4, 5));
        calls.checkBest(bitmap, 13, 3, 0xf);
    }
}
