// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.24;

/// @title How a dense network's numbers stand in a proof's public words.
/// @notice The circuit knows planes of 64 squares. A plane is 72 bits: bit 9 rank + file, file 8 a pad. A word holds three planes, the
/// lowest numbered on top; a last word holds m < 3 planes likewise, the last of them at bit 0.
///
///     bit 215        144 143         72 71           0
///         [ plane 3w    ][ plane 3w + 1 ][ plane 3w + 2 ]
///
/// Input: feature i is 8 bits, two's complement. Bit b of it is bit j = 8 i + b of a stream, and that stands in plane j / 9 on place
/// j mod 9 of the 3 x 3 squares a1..c3: file (j mod 9) mod 3, rank (j mod 9) / 3. All other squares are empty. So a 3 x 3 kernel
/// on b2 meets every bit once, place n at kernel row n / 3 and column n mod 3.
///
/// Bitmap: class c is plane c, read on b2 (bit 10 of the plane). The other squares say nothing.
///
/// A proof's words: the bitmap, the input, the context.
library Dense {
    error NoSuchClass(uint256 class, uint256 classes);
    /// The rules of the caller do not allow this class now.
    error ClassNotAllowed(uint256 class);
    error WrongBitmapLength(uint256 words, uint256 expected);
    /// The class claimed is not in the bitmap.
    error ClassNotSet(uint256 class);
    /// Another allowed class is in the bitmap, so it ranks higher.
    error BetterClassSet(uint256 class);

    uint256 private constant B2 = 10;

    /// @return The number of words of so many planes.
    function words(uint256 planes) internal pure returns (uint256) {
        return (planes + 2) / 3;
    }

    /// @notice Reverts unless `class` is the best of the allowed classes (bit c of `allowed`: class c may win). Call Proven.check
    /// as well: it refuses a word that stands for another.
    function checkBest(uint256[] memory bitmap, uint256 classes, uint256 class, uint256 allowed) internal pure {
        if (class >= classes) revert NoSuchClass(class, classes);
        if (allowed >> class & 1 == 0) revert ClassNotAllowed(class);
        if (bitmap.length != words(classes)) revert WrongBitmapLength(bitmap.length, words(classes));
        if (!_isSet(bitmap, classes, class)) revert ClassNotSet(class);
        for (uint256 c = 0; c < classes; ++c) {
            if (allowed >> c & 1 != 0 && c != class && _isSet(bitmap, classes, c)) revert BetterClassSet(c);
        }
    }

    function _isSet(uint256[] memory bitmap, uint256 classes, uint256 class) private pure returns (bool) {
        unchecked {
            uint256 last = class / 3 * 3 + 2; // the plane at bit 0 of the word
            if (last >= classes) last = classes - 1;
            return bitmap[class / 3] >> 72 * (last - class) + B2 & 1 != 0;
        }
    }

    /// @return input The features' public words: (8 features + 8) / 9 planes, three a word.
    function inputWords(int8[] memory features) internal pure returns (uint256[] memory input) {
        uint256 planes = (8 * features.length + 8) / 9;
        input = new uint256[](words(planes));
        unchecked {
            uint256 word = 0;
            for (uint256 plane = 0; plane < planes; ++plane) {
                // Nine bits of the stream touch two features.
                uint256 first = 9 * plane / 8;
                uint256 pair = uint8(features[first]);
                if (first + 1 < features.length) pair |= uint256(uint8(features[first + 1])) << 8;
                uint256 nine = pair >> 9 * plane % 8;
                word = word << 72 | nine & 7 | (nine >> 3 & 7) << 9 | (nine >> 6 & 7) << 18;
                if (plane % 3 == 2 || plane + 1 == planes) (input[plane / 3], word) = (word, 0);
            }
        }
    }
}
