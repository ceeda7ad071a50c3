// Chess as the page needs it: legal moves and SAN (chessops), and the packings of `engine/encoding.py` and `Chess.sol`,
// so that a ballot is signed for, and a proof checked against, the position seen here. `tests/vectors/` ties them together.

import { Chess } from 'chessops/chess';
import { chessgroundDests } from 'chessops/compat';
import { parseFen } from 'chessops/fen';
import { makeSan, parseSan } from 'chessops/san';
import type { NormalMove, Role, SquareName } from 'chessops/types';
import { isNormal } from 'chessops/types';
import { kingCastlesTo, makeSquare, makeUci, parseUci, squareFile, squareRank } from 'chessops/util';
import { w } from './words/index.ts';

/** The position of a FEN. Throws for one that no game can reach. */
export function position(fen: string): Chess {
  return Chess.fromSetup(parseFen(fen).unwrap()).unwrap();
}

/** Where each piece may go, castling by the king's own target square only. */
export function destinations(pos: Chess): Map<SquareName, SquareName[]> {
  return chessgroundDests(pos);
}

/** Castling as the king's move (e1g1), the way moves are numbered here; chessops itself writes king takes rook. */
function plain(pos: Chess, move: NormalMove): NormalMove {
  const king = pos.board.king.has(move.from) && pos.board[pos.turn].has(move.to);
  if (!king) return move;
  return { from: move.from, to: kingCastlesTo(pos.turn, move.to > move.from ? 'h' : 'a') };
}

/** The legal move of a UCI or SAN text as UCI; null if there is none. A promotion must name its piece. */
export function readMove(pos: Chess, text: string): string | null {
  const typed = text.trim();
  const move = parseUci(typed.toLowerCase()) ?? parseSan(pos, typed.replace(/0/g, 'O'));
  if (move === undefined || !isNormal(move) || !pos.isLegal(move)) return null;
  if (needsPromotion(pos, move) !== (move.promotion !== undefined)) return null;
  return makeUci(plain(pos, move));
}

/** Whether a move takes a pawn to the last rank. */
export function needsPromotion(pos: Chess, move: { from: number; to: number }): boolean {
  return pos.board.pawn.has(move.from) && [0, 7].includes(squareRank(move.to));
}

export function sanOf(pos: Chess, uci: string): string {
  const move = parseUci(uci);
  return move === undefined ? uci : makeSan(pos, move);
}

const PROMOTIONS: Partial<Record<Role, number>> = { knight: 2, bishop: 3, rook: 4, queen: 5 };

function parseNormal(uci: string): NormalMove {
  const move = parseUci(uci);
  if (move === undefined || !isNormal(move)) throw new Error(`${uci} is not a move`);
  return move;
}

/** The 16-bit move number: from | to << 6 | promotion << 12. */
export function moveNumber(uci: string): number {
  const { from, to, promotion } = parseNormal(uci);
  return from | (to << 6) | ((promotion === undefined ? 0 : (PROMOTIONS[promotion] ?? 0)) << 12);
}

export function moveOfNumber(number: number): string {
  const letter = ['', '', 'n', 'b', 'r', 'q'][number >> 12] ?? '';
  return makeSquare(number & 63) + makeSquare((number >> 6) & 63) + letter;
}

const PIECES: readonly Role[] = ['pawn', 'knight', 'bishop', 'rook', 'queen', 'king'];

/** The two words of a position on chain, `state` without its clock and ply: what makes positions the same. */
export function words(pos: Chess): { board: bigint; rights: bigint } {
  let board = 0n;
  for (const [square, piece] of pos.board) {
    const code = PIECES.indexOf(piece.role) + (piece.color === 'white' ? 1 : 9);
    board |= BigInt(code) << BigInt(4 * square);
  }
  const { castlingRights, epSquare } = pos.toSetup();
  let rights = pos.turn === 'black' ? 1n : 0n;
  [7, 0, 63, 56].forEach((rook, i) => {
    if (castlingRights.has(rook)) rights |= 2n << BigInt(i);
  });
  if (epSquare !== undefined) rights |= BigInt(epSquare + 1) << 5n;
  return { board, rights };
}

const DIRECTIONS = ['0,1', '1,1', '1,0', '1,-1', '0,-1', '-1,-1', '-1,0', '-1,1'];
const KNIGHT_JUMPS = ['1,2', '2,1', '2,-1', '1,-2', '-1,-2', '-2,-1', '-2,1', '-1,2'];

/** The policy index of a move, 64 * plane + origin square from the mover's side. */
export function policyIndex(pos: Chess, uci: string): number {
  const move = parseNormal(uci);
  const flip = pos.turn === 'white' ? 0 : 56;
  const [from, to] = [move.from ^ flip, move.to ^ flip];
  const [file, rank] = [squareFile(to) - squareFile(from), squareRank(to) - squareRank(from)];
  let plane: number;
  if (move.promotion !== undefined && move.promotion !== 'queen') {
    plane = 64 + 3 * (file + 1) + ['knight', 'bishop', 'rook'].indexOf(move.promotion);
  } else if (KNIGHT_JUMPS.includes(`${file},${rank}`)) {
    plane = 56 + KNIGHT_JUMPS.indexOf(`${file},${rank}`);
  } else {
    const distance = Math.max(Math.abs(file), Math.abs(rank));
    const direction = DIRECTIONS.indexOf(`${Math.sign(file)},${Math.sign(rank)}`);
    plane = 7 * direction + distance - 1;
  }
  return 64 * plane + from;
}

/** The policy indices of all legal moves, with the moves. */
export function legalIndices(pos: Chess): Map<number, string> {
  const moves = new Map<number, string>();
  for (const [from, targets] of pos.allDests()) {
    for (const to of targets) {
      const move = { from, to };
      const kinds: (Role | undefined)[] = needsPromotion(pos, move)
        ? ['queen', 'rook', 'bishop', 'knight']
        : [undefined];
      for (const promotion of kinds) {
        const uci = makeUci(plain(pos, promotion === undefined ? move : { ...move, promotion }));
        moves.set(policyIndex(pos, uci), uci);
      }
    }
  }
  return moves;
}

/** Whether the bit of a policy index is set in the 25 bitmap words. */
export function bitmapHas(bitmap: readonly bigint[], index: number): boolean {
  const [plane, square] = [Math.floor(index / 64), index % 64];
  const top = plane < 72 ? 2 - (plane % 3) : 0;
  const bit = BigInt(72 * top + square + Math.floor(square / 8));
  return (((bitmap[Math.floor(plane / 3)] ?? 0n) >> bit) & 1n) === 1n;
}

/** The five board words of a proof's public inputs. */
export function boardWords(pos: Chess, repeated: boolean): bigint[] {
  const flip = pos.turn === 'white' ? 0 : 56;
  const { castlingRights, epSquare } = pos.toSetup();
  const colors = pos.turn === 'white' ? (['white', 'black'] as const) : (['black', 'white'] as const);
  const planes: number[][] = [];
  for (const color of colors) {
    for (const role of PIECES) planes.push([...pos.board.pieces(color, role)]);
  }
  planes.push([...castlingRights], epSquare === undefined ? [] : [epSquare]);
  planes.push(repeated ? Array.from({ length: 64 }, (_, square) => square) : []);
  const result: bigint[] = [];
  for (let start = 0; start < planes.length; start += 3) {
    let word = 0n;
    for (const squares of planes.slice(start, start + 3)) {
      let plane = 0n;
      for (const square of squares) plane |= 1n << BigInt((square ^ flip) + Math.floor((square ^ flip) / 8));
      word = (word << 72n) | plane;
    }
    result.push(word);
  }
  return result;
}

/** What a square holds, in words. */
export function squareText(pos: Chess, square: number): string {
  const piece = pos.board.get(square);
  const name = makeSquare(square);
  return piece === undefined ? w.pieces.empty(name) : w.pieces.on(name, w.colors[piece.color], w.pieces[piece.role]);
}
