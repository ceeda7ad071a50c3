// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

/// @notice A chess position in two words. Squares are a1 = 0, b1 = 1 .. h8 = 63.
///
///   board   bit 255                                   7    4 3    0
///               [ h8 ][ g8 ] ..................... [ b1 ][ a1 ]      a nibble a square
///
///           0 empty; white 1 pawn, 2 knight, 3 bishop, 4 rook, 5 queen, 6 king; black the same plus 8
///
///   state   bit 31     20 19      12 11       5 4       1      0
///               [ ply    ][ clock   ][ ep      ][ q k Q K ][ black ]      all other bits are zero
///
///           black  Black is to move
///           K Q    White may still castle to the king's, to the queen's side; k q: Black
///           ep     0, or one more than the square of an en passant capture that is legal (FIDE 3.7.3.1)
///           clock  half-moves since the last capture or pawn move
///           ply    half-moves since the game's opening position
struct Position {
    uint256 board;
    uint256 state;
}

/// @notice Every legal move of a position: `origins[k]` are the squares from which a move of kind k is legal.
/// Kinds and squares are seen from the mover's side, see `Chess`; `promoting` are the pawns that must promote.
struct MoveSet {
    uint256[73] origins;
    uint256 promoting;
    bool black;
}

/// @notice How a game ended, for the side to move; the first that holds.
enum Ending {
    None,
    Checkmate,
    Stalemate,
    Repetition,
    FiftyMoves,
    InsufficientMaterial
}

/// @title The laws of chess (FIDE, 2023), articles 3, 5 and 9.
/// @notice A move is 16 bits: origin | target << 6 | promotion << 12 (0 none, 2 knight, 3 bishop, 4 rook, 5 queen). Castling is the
/// king's move. Whatever words are given as position or move, no function loops without end, reads outside its input or reverts without a
/// name; what the rules make of words that are no chess position is not defined (`isSound` tells).
///
/// The rules are worked out on planes, sets of squares as seen by the side to move: for Black the board is turned upside down and
/// the colours are swapped, so that pawns always go up. A plane has a ninth file that stays empty:
///
///   bit 71     63 62     54                17     9 8      0
///       [ . h8..a8 ][ . h7..a7 ] ............ [ . h2..a2 ][ . h1..a1 ]
///
/// so a step over the edge of the board ends on that pad, and one shift moves all pieces at once. A position is 15 planes: the mover's
/// pawns, knights, bishops, rooks, queens, king; the opponent's; rooks that may castle; the square of an en passant capture; a spare one.
///
/// Kinds of move: 7 d + n - 1 for n = 1..7 squares in direction d = 0..7 (N NE E SE S SW W NW, queening and castling included); 56 + k for
/// the knight's jumps k = 0..7 (clockwise from NNE); 64 + 3 (f + 1) + p for promotion to knight, bishop, rook (p = 0..2) with file step f = -1..1.
library Chess {
    error IllegalMove(uint16 move);

    uint256 internal constant START_BOARD = 0xcabedbac99999999000000000000000000000000000000001111111142365324;
    uint256 internal constant START_STATE = 0x1e;
    uint256 internal constant MAX_CLOCK = 255;
    uint256 internal constant MAX_PLY = 4095;
    uint256 private constant PAWN = 1;
    uint256 private constant ROOK = 4;
    uint256 private constant QUEEN = 5;
    uint256 private constant KING = 6;

    /// The 64 squares of a plane.
    uint256 internal constant BOARD = 0x7fbfdfeff7fbfdfeff;
    uint256 private constant RANK_2 = 0xff << 9;
    uint256 private constant RANK_7 = 0xff << 54;
    uint256 private constant FILE_A = 0x8040201008040201;
    uint256 private constant FILE_H = FILE_A << 7;
    uint256 private constant DARK = 0x551555455551555455;
    uint256 private constant E1 = 1 << 4;

    /// 16 + the step of direction d on a plane, in byte d.
    uint256 private constant STEPS = 0x180f060708111a19;
    /// Direction by signs, in nibble 3 (rank sign + 1) + file sign + 1.
    uint256 private constant DIRECTIONS = 0x107206345;
    /// Jump in nibble 5 (ranks + 2) + files + 2.
    uint256 private constant JUMPS = 0x7010006000002000503040;
    uint256 internal constant NO_KIND = type(uint256).max;

    /// What the opponent's pieces allow. `movable[l]`: the mover's squares whose piece may move along line l = direction mod 4.
    struct Guard {
        uint256 empty;
        uint256 targets; // where any piece but the king may land; in check only where that ends the check
        uint256 refuge; // where the king may land
        uint256 checkers;
        uint256 free; // squares of unpinned pieces
        uint256[4] movable;
    }

    // --------------------------------------------------------------------------------------------------- positions

    /// @notice What repetition compares and ballots sign: board, side to move, castling rights and en passant (FIDE 9.2.3).
    function key(Position memory position) internal pure returns (bytes32) {
        return keccak256(abi.encode(position.board, position.state & 0xfff));
    }

    /// @notice Whether the words are a position that a game may start from: packed as drawn above; one king a side; no pawn on the
    /// first or last rank; the side that moved is not in check; rights and en passant square mean what they say; clock below 100.
    function isSound(Position memory position) internal pure returns (bool) {
        unchecked {
            uint256 state = position.state;
            if (state >> 32 != 0 || (state >> 12 & 0xff) > 99) return false;
            for (uint256 board = position.board; board != 0; board >>= 4) {
                if (board & 15 != 0 && (board + 1 & 7) < 2) return false;
            }
            uint256[15] memory b = planes(position);
            if (!_single(b[5]) || !_single(b[11]) || (b[0] | b[6]) & (0xff | 0xff << 63) != 0) return false;
            (uint256 castling, uint256 opponents) = (b[12] & 0xff, b[12] >> 63);
            if (castling & ~b[3] != 0 || (castling != 0 && b[5] != E1)) return false;
            if (opponents & ~(b[9] >> 63) != 0 || (opponents != 0 && b[11] != E1 << 63)) return false;
            if (state & 0xfe0 != 0 && _enPassant(b, 1) | _enPassant(b, 7) == 0) return false;
            if (_aroundKings(b[5]) & b[11] != 0) return false;
            return _guard(planes(Position(position.board, state ^ 1))).checkers == 0;
        }
    }

    /// @notice The 15 planes of a position. A nibble that is no piece is an empty square.
    function planes(Position memory position) internal pure returns (uint256[15] memory b) {
        unchecked {
            uint256 board = position.board;
            uint256 state = position.state;
            uint256 castling = state >> 1 & 15;
            uint256 square = state >> 5 & 127;
            if (state & 1 != 0) {
                // Turn the board: rank 1 <-> 8. The rights swap sides.
                board = board >> 128 | board << 128;
                board = board >> 64 & 0xffffffffffffffff0000000000000000ffffffffffffffff
                    | (board & 0xffffffffffffffff0000000000000000ffffffffffffffff) << 64;
                board = board >> 32 & 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff
                    | (board & 0xffffffff00000000ffffffff00000000ffffffff00000000ffffffff) << 32;
                castling = castling >> 2 | (castling & 3) << 2;
            }
            uint256 x = _gather(board);
            uint256 y = _gather(board >> 1);
            uint256 z = _gather(board >> 2);
            uint256 mine = _gather(board >> 3);
            if (state & 1 == 0) mine = ~mine;

            uint256 kind = x & ~(y | z);
            (b[0], b[6]) = (kind & mine, kind & ~mine);
            kind = y & ~(x | z);
            (b[1], b[7]) = (kind & mine, kind & ~mine);
            kind = x & y & ~z;
            (b[2], b[8]) = (kind & mine, kind & ~mine);
            kind = z & ~(x | y);
            (b[3], b[9]) = (kind & mine, kind & ~mine);
            kind = x & z & ~y;
            (b[4], b[10]) = (kind & mine, kind & ~mine);
            kind = y & z & ~x;
            (b[5], b[11]) = (kind & mine, kind & ~mine);

            b[12] = (castling & 1) << 7 | (castling & 2) >> 1 | (castling & 4) << 68 | (castling & 8) << 60;
            if (square - 1 < 64) {
                square = (square - 1) ^ (state & 1) * 56;
                b[13] = 1 << square + square / 8;
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------- moves

    /// @notice Every legal move. Costs about twice an `isLegal`.
    function legalMoves(Position memory position) internal pure returns (MoveSet memory moves) {
        unchecked {
            uint256[15] memory b = planes(position);
            Guard memory g = _guard(b);
            uint256[73] memory m = moves.origins;
            for (uint256 d = 0; d < 8; ++d) {
                _lines(b, g, d, m);
            }
            _jumps(b, g, m);
            moves.promoting = b[0] & RANK_7;
            moves.black = position.state & 1 != 0;
            for (uint256 kind = 64; kind < 73; ++kind) {
                m[kind] = m[_queening(kind)] & moves.promoting;
            }
        }
    }

    /// @notice Whether a move is in the set.
    function contains(MoveSet memory moves, uint16 move) internal pure returns (bool) {
        (uint256 kind, uint256 origin) = kindOf(move, moves.black);
        if (kind == NO_KIND || (moves.promoting & origin != 0) != (move >> 12 != 0)) return false;
        return moves.origins[kind] & origin != 0;
    }

    /// @notice Whether a move is legal.
    function isLegal(Position memory position, uint16 move) internal pure returns (bool) {
        (uint256 kind, uint256 origin) = kindOf(move, position.state & 1 != 0);
        if (kind == NO_KIND) return false;
        uint256[15] memory b = planes(position);
        if ((b[0] & RANK_7 & origin != 0) != (move >> 12 != 0)) return false;
        if (kind >= 64) kind = _queening(kind);
        uint256[73] memory m;
        if (kind < 56) _lines(b, _guard(b), kind / 7, m);
        else _jumps(b, _guard(b), m);
        return m[kind] & origin != 0;
    }

    /// @notice The kind of a move and, as a plane, its origin, from the mover's side. NO_KIND: no piece moves like that.
    function kindOf(uint16 move, bool black) internal pure returns (uint256 kind, uint256 origin) {
        unchecked {
            uint256 flip = black ? 56 : 0;
            uint256 from = (move & 63) ^ flip;
            uint256 to = (move >> 6 & 63) ^ flip;
            uint256 promotion = move >> 12;
            origin = 1 << from + from / 8;

            // Steps, in files and ranks, 7 for none.
            uint256 f = (to & 7) + 7 - (from & 7);
            uint256 r = to / 8 + 7 - from / 8;
            uint256 files = f < 7 ? 7 - f : f - 7;
            uint256 ranks = r < 7 ? 7 - r : r - 7;

            if (promotion == 1 || promotion > 5 || from == to) return (NO_KIND, 0);
            if (promotion > 1 && promotion < 5) {
                return r == 8 && files < 2 ? (64 + 3 * (f - 6) + promotion - 2, origin) : (NO_KIND, 0);
            }
            if (files * ranks == 2) return (56 + (JUMPS >> 4 * (5 * (r - 5) + f - 5) & 15), origin);
            if (files != 0 && ranks != 0 && files != ranks) return (NO_KIND, 0);
            uint256 sign = 3 * _sign(r) + _sign(f);
            kind = 7 * (DIRECTIONS >> 4 * sign & 15) + (files > ranks ? files : ranks) - 1;
        }
    }

    /// @notice The move of a kind from a square (of the mover's side, a1 = 0), or 0 if it leaves the board. A pawn that reaches the last
    /// rank becomes a queen. Slow: it tries every target.
    function moveOf(Position memory position, uint256 kind, uint256 square) internal pure returns (uint16) {
        unchecked {
            bool black = position.state & 1 != 0;
            uint256 promotion = kind < 64 ? 0 : (kind - 64) % 3 + 2;
            for (uint256 target = 0; target < 64; ++target) {
                uint256 move = ((square | target << 6) ^ (black ? 56 | 56 << 6 : 0)) | promotion << 12;
                // forge-lint: disable-next-line(unsafe-typecast)
                (uint256 found, uint256 origin) = kindOf(uint16(move), black);
                if (found != kind) continue;
                if (promotion == 0 && planes(position)[0] & RANK_7 & origin != 0) move |= QUEEN << 12;
                // forge-lint: disable-next-line(unsafe-typecast)
                return uint16(move);
            }
            return 0;
        }
    }

    /// @notice The position after a legal move; the en passant square is set only if a capture there is legal.
    function play(Position memory position, uint16 move) internal pure returns (Position memory next) {
        if (!isLegal(position, move)) revert IllegalMove(move);
        unchecked {
            (uint256 board, uint256 state) = (position.board, position.state);
            (uint256 from, uint256 to) = (move & 63, move >> 6 & 63);
            uint256 piece = board >> 4 * from & 15;
            uint256 clock = state >> 12 & 0xff;
            uint256 step = from < to ? to - from : from - to;
            // The other side is to move, the en passant square is cleared, and the counters rise, to their largest values at most.
            uint256 ply = state >> 20 & 0xfff;
            if (ply < MAX_PLY) ++ply;
            if (piece & 7 == PAWN || board >> 4 * to & 7 != 0) clock = 0;
            else if (clock < MAX_CLOCK) ++clock;
            next.state = (state & 0x1f ^ 1) | clock << 12 | ply << 20;

            board &= ~(15 << 4 * from | 15 << 4 * to);
            if (move >> 12 != 0) board |= (piece & 8 | move >> 12) << 4 * to;
            else board |= piece << 4 * to;

            if (piece & 7 == KING && step == 2) {
                // Castling: the rook jumps over the king.
                uint256 rook = piece & 8 | ROOK;
                board ^= to > from ? (rook << 12 | rook << 4) << 4 * from : (rook << 12 | rook) << 4 * from - 16;
            } else if (piece & 7 == PAWN && to + 1 == (state >> 5 & 127) && step & 7 != 0) {
                // En passant: the captured pawn stands behind the target.
                board &= ~(15 << 4 * (to ^ 8));
            }
            next.board = board;

            if (state & 0x1e != 0) {
                // A right ends when its king or rook moves, or its rook is captured.
                uint256 touched = 1 << from | 1 << to;
                if (touched & 0x90 != 0) next.state &= ~uint256(2);
                if (touched & 0x11 != 0) next.state &= ~uint256(4);
                if (touched & 0x90 << 56 != 0) next.state &= ~uint256(8);
                if (touched & 0x11 << 56 != 0) next.state &= ~uint256(16);
            }
            if (piece & 7 == PAWN && step == 16) {
                next.state |= (from + to) / 2 + 1 << 5;
                uint256[15] memory b = planes(next);
                if (_enPassant(b, 1) | _enPassant(b, 7) == 0) next.state &= ~uint256(0xfe0);
            }
        }
    }

    /// @notice Whether and how the game is over in a position that occurred `occurrences` times, itself included. Threefold repetition and
    /// fifty moves end the game without a claim.
    function ending(Position memory position, uint256 occurrences) internal pure returns (Ending) {
        uint256[15] memory b = planes(position);
        Guard memory g = _guard(b);
        if (!_anyMove(b, g)) return g.checkers != 0 ? Ending.Checkmate : Ending.Stalemate;
        if (occurrences > 2) return Ending.Repetition;
        if ((position.state >> 12 & 0xff) > 99) return Ending.FiftyMoves;
        return _isInsufficient(b) ? Ending.InsufficientMaterial : Ending.None;
    }

    // ------------------------------------------------------------------------------------------------ on the planes

    /// Neither side can mate by any moves (FIDE 5.2.2): one minor piece at most, or only bishops, all on squares of one colour.
    function _isInsufficient(uint256[15] memory b) private pure returns (bool) {
        unchecked {
            if (b[0] | b[3] | b[4] | b[6] | b[9] | b[10] != 0) return false;
            uint256 knights = b[1] | b[7];
            uint256 bishops = b[2] | b[8];
            if (knights != 0) return bishops == 0 && _single(knights);
            return bishops & DARK == 0 || bishops & ~DARK == 0;
        }
    }

    function _anyMove(uint256[15] memory b, Guard memory g) private pure returns (bool) {
        unchecked {
            uint256[73] memory m;
            for (uint256 d = 0; d < 8; ++d) {
                if (_lines(b, g, d, m) != 0) return true;
            }
            return _jumps(b, g, m) != 0;
        }
    }

    /// What the opponent's pieces allow the mover's.
    function _guard(uint256[15] memory b) private pure returns (Guard memory g) {
        unchecked {
            uint256 king = b[5];
            uint256 mine = b[0] | b[1] | b[2] | b[3] | b[4] | king;
            uint256 empty = BOARD & ~(mine | b[6] | b[7] | b[8] | b[9] | b[10] | b[11]);

            // Attacked squares; the king hides nothing, since it would still be in check behind itself.
            uint256 danger = b[6] >> 8 | b[6] >> 10 | _aroundKnights(b[7]) | _aroundKings(b[11]);
            uint256 checkers = (king << 8 | king << 10) & b[6] | _aroundKnights(king) & b[7];
            uint256 between = checkers;
            uint256 pinned = 0;
            for (uint256 line = 0; line < 4; ++line) {
                uint256 sliders = b[10] | (line & 1 == 0 ? b[9] : b[8]);
                (uint256 attacked, uint256 check, uint256 pins) = _along(line, sliders, king, empty);
                danger |= attacked;
                checkers |= check & sliders;
                between |= check;
                pinned |= g.movable[line] = pins & mine;
            }
            for (uint256 line = 0; line < 4; ++line) {
                g.movable[line] |= mine & ~pinned;
            }
            g.empty = empty;
            g.free = ~pinned;
            g.checkers = checkers;
            g.refuge = BOARD & ~(mine | danger);
            if (checkers == 0) g.targets = BOARD & ~mine;
            else if (_single(checkers)) g.targets = BOARD & ~mine & between;
        }
    }

    /// Both ways along a line: the squares that the opponent's sliders attack; from the king to a slider that gives check; and those seen
    /// both by the king and by a slider beyond: a piece of the mover's there is pinned to the line.
    function _along(uint256 line, uint256 sliders, uint256 king, uint256 empty)
        private
        pure
        returns (uint256 attacked, uint256 check, uint256 pins)
    {
        unchecked {
            // The sliders in the low half, through the king, and the king in the high half.
            uint256 pieces = sliders | king << 128;
            uint256 open = empty | king | empty << 128;
            uint256 step = (STEPS >> 8 * line & 0xff) - 16;
            uint256 up = _ray(pieces, open, step);
            uint256 down = _ray(pieces, open, 0 - step);
            attacked = up | down;
            pieces = up >> 128;
            pins = pieces & down;
            if (pieces & sliders != 0) check = pieces;
            pieces = down >> 128;
            pins |= pieces & up;
            if (pieces & sliders != 0) check |= pieces;
        }
    }

    /// Writes the origins of the moves in direction d, all seven distances, and returns their union.
    function _lines(uint256[15] memory b, Guard memory g, uint256 d, uint256[73] memory m)
        private
        pure
        returns (uint256 all)
    {
        unchecked {
            uint256 step = (STEPS >> 8 * d & 0xff) - 16;
            uint256 movable = g.movable[d & 3];
            // Shifting right by 80 + n step brings the square n steps away to its origin.
            uint256 targets = g.targets << 80;
            uint256 empty = g.empty << 80;
            uint256 shift = 80 + step;
            uint256 reach = (b[4] | (d & 1 == 0 ? b[3] : b[2])) & movable;
            uint256 first = reach & targets >> shift | b[5] & g.refuge << 80 >> shift;
            uint256 pawns = b[0] & movable;
            uint256 second = 0;
            if (d == 0) {
                first |= pawns & (targets & empty) >> shift;
                second = pawns & RANK_2 & empty >> shift & (targets & empty) >> shift + step;
            } else if (d == 1 || d == 7) {
                first |= pawns & (targets & ~empty) >> shift | _enPassant(b, d);
            } else if (d == 2) {
                if (b[12] & b[3] & 0x80 != 0 && b[5] == E1 && g.checkers == 0 && g.empty & g.refuge & 0x60 == 0x60) {
                    second = E1;
                }
            } else if (d == 6) {
                if (
                    b[12] & b[3] & 1 != 0 && b[5] == E1 && g.checkers == 0 && g.empty & 0xe == 0xe
                        && g.refuge & 0xc == 0xc
                ) {
                    second = E1;
                }
            }
            uint256 kind = 7 * d;
            m[kind] = first;
            reach &= empty >> shift;
            shift += step;
            m[kind + 1] = second |= reach & targets >> shift;
            all = first | second;
            for (uint256 n = 2; n < 7 && reach != 0; ++n) {
                reach &= empty >> shift;
                shift += step;
                all |= m[kind + n] = reach & targets >> shift;
            }
        }
    }

    /// Writes the origins of the knights' moves and returns their union.
    function _jumps(uint256[15] memory b, Guard memory g, uint256[73] memory m) private pure returns (uint256 all) {
        unchecked {
            uint256 knights = b[1] & g.free;
            if (knights == 0) return 0;
            uint256 targets = g.targets;
            // Two files over the edge lead past the pad, to the next rank.
            uint256 east = knights & ~FILE_H;
            uint256 west = knights & ~FILE_A;
            all = m[56] = knights & targets >> 19;
            all |= m[57] = east & targets >> 11;
            all |= m[58] = east & targets << 7;
            all |= m[59] = knights & targets << 17;
            all |= m[60] = knights & targets << 19;
            all |= m[61] = west & targets << 11;
            all |= m[62] = west & targets >> 7;
            all |= m[63] = knights & targets >> 17;
        }
    }

    /// The origin of a legal en passant capture in direction d (NE or NW), or 0. Both pawns leave their squares at once, which pins do
    /// not foresee, so the capture is made and the king looked at.
    function _enPassant(uint256[15] memory b, uint256 d) private pure returns (uint256 origin) {
        unchecked {
            uint256 target = b[13];
            if (target == 0) return 0;
            uint256 victim = target >> 9 & b[6];
            origin = target >> (d == 1 ? 10 : 8) & b[0];
            if (victim == 0 || origin == 0) return 0;
            for (uint256 i = 0; i < 12; ++i) {
                if (b[i] & target != 0) return 0;
            }
            uint256 pawns = b[0];
            b[0] ^= origin ^ target;
            b[6] ^= victim;
            if (_guard(b).checkers != 0) origin = 0;
            b[0] = pawns;
            b[6] ^= victim;
        }
    }

    /// Squares seen from `pieces` along one step, the first that is not `open` included; two planes at once, at bits 0 and 128.
    function _ray(uint256 pieces, uint256 open, uint256 step) private pure returns (uint256) {
        unchecked {
            uint256 shift = 40 - step;
            pieces |= open & pieces << 40 >> shift;
            open &= open << 40 >> shift;
            shift -= step;
            pieces |= open & pieces << 40 >> shift;
            open &= open << 40 >> shift;
            pieces |= open & pieces << 40 >> shift - 2 * step;
            return pieces << 40 >> 40 - step;
        }
    }

    function _aroundKings(uint256 kings) private pure returns (uint256 around) {
        kings |= kings << 1 | kings >> 1;
        return kings | kings << 9 | kings >> 9;
    }

    function _aroundKnights(uint256 knights) private pure returns (uint256) {
        uint256 east = knights << 1 & BOARD;
        uint256 west = knights >> 1 & BOARD;
        uint256 near = east | west;
        uint256 far = east << 1 & BOARD | west >> 1 & BOARD;
        return near << 18 | near >> 18 | far << 9 | far >> 9;
    }

    /// The plane of bit 0 of each nibble.
    function _gather(uint256 x) private pure returns (uint256) {
        x &= 0x1111111111111111111111111111111111111111111111111111111111111111;
        x = (x | x >> 3) & 0x0303030303030303030303030303030303030303030303030303030303030303;
        x = (x | x >> 6) & 0x000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f000f;
        x = (x | x >> 12) & 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
        x = (x | x >> 23) & 0x000000000001feff000000000001feff000000000001feff000000000001feff;
        x = (x | x >> 46) & 0x000000000000000000000007fbfdfeff000000000000000000000007fbfdfeff;
        return (x | x >> 92) & BOARD;
    }

    /// The kind of the queen's promotion on the same squares as one to a lesser piece: NW, N or NE by one.
    function _queening(uint256 kind) private pure returns (uint256) {
        unchecked {
            return 7 * ((kind - 64) / 3 + 7 & 7);
        }
    }

    function _single(uint256 plane) private pure returns (bool) {
        unchecked {
            return plane != 0 && plane & plane - 1 == 0;
        }
    }

    /// 0, 1 or 2 for a step below, at or above 7, which is none.
    function _sign(uint256 step) private pure returns (uint256) {
        return step < 7 ? 0 : step == 7 ? 1 : 2;
    }
}
