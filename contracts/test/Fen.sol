// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {Position} from "../src/Chess.sol";

/// @notice Positions and moves as chess players write them, for tests. What is written wrongly is read wrongly.
library Fen {
    bytes private constant LETTERS = ".PNBRQK..pnbrqk";

    /// @notice A position at ply 0. The en passant square is taken as it stands, legal or not.
    function parse(string memory fen) internal pure returns (Position memory position) {
        bytes memory text = bytes(fen);
        uint256 i = 0;
        uint256 square = 56;
        for (; text[i] != " "; ++i) {
            if (text[i] == "/") square -= 16;
            else if (uint8(text[i]) < 58) square += uint8(text[i]) - 48;
            else position.board |= _index(LETTERS, text[i]) << 4 * square++;
        }
        if (text[++i] == "b") position.state = 1;
        for (i += 2; text[i] != " "; ++i) {
            if (text[i] != "-") position.state |= 2 << _index("KQkq", text[i]);
        }
        if (text[++i] != "-") {
            position.state |= _square(text, i) + 1 << 5;
            ++i;
        }
        uint256 clock = 0;
        for (i += 2; text[i] != " "; ++i) {
            clock = 10 * clock + uint8(text[i]) - 48;
        }
        position.state |= clock << 12;
    }

    /// @notice A move in UCI's notation, e.g. e2e4 or a7a8q.
    function move(string memory uci) internal pure returns (uint16) {
        bytes memory text = bytes(uci);
        uint256 promotion = text.length > 4 ? 2 + _index("nbrq", text[4]) : 0;
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(_square(text, 0) | _square(text, 2) << 6 | promotion << 12);
    }

    function _square(bytes memory text, uint256 i) private pure returns (uint256) {
        return uint8(text[i]) - 97 + 8 * (uint256(uint8(text[i + 1])) - 49);
    }

    function _index(bytes memory letters, bytes1 letter) private pure returns (uint256 i) {
        while (letters[i] != letter) ++i;
    }
}
