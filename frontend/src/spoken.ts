// The board in words, for those who hear it: the position, the legal moves, the last move, the clock.

import type { Color, Role } from 'chessops/types';
import { makeSquare, parseSquare } from 'chessops/util';
import { clock } from './format.ts';
import { legalIndices, position, sanOf } from './position.ts';
import { type State, secondsLeft, shown } from './state.ts';
import { w } from './words/index.ts';

const ORDER: readonly Role[] = ['king', 'queen', 'rook', 'bishop', 'knight', 'pawn'];
const LETTERS: Record<string, Role> = { K: 'king', Q: 'queen', R: 'rook', B: 'bishop', N: 'knight' };

/** A move in SAN as it is said: "knight takes f3, check". */
export function speakSan(san: string): string {
  const { captures, check, mate, promotes, castlesShort, castlesLong } = w.spoken;
  const end = san.endsWith('#') ? `, ${mate}` : san.endsWith('+') ? `, ${check}` : '';
  const plain = san.replace(/[+#]$/, '');
  if (plain === 'O-O') return castlesShort + end;
  if (plain === 'O-O-O') return castlesLong + end;
  const [move = '', promotion] = plain.split('=');
  const role = LETTERS[move[0] ?? ''];
  const rest = (role === undefined ? move : move.slice(1)).replace('x', ` ${captures} `).trim();
  const named = role === undefined ? rest : `${w.pieces[role]} ${rest}`;
  const piece = LETTERS[promotion ?? ''];
  return named + (piece === undefined ? '' : ` ${promotes(w.pieces[piece])}`) + end;
}

/** All pieces of a position by side, then whose turn it is. */
export function speakPosition(fen: string): string {
  const pos = position(fen);
  const side = (color: Color) => {
    const pieces = ORDER.flatMap((role) => {
      const squares = [...pos.board.pieces(color, role)].map(makeSquare);
      return squares.length === 0 ? [] : [w.spoken.piece(w.pieces[role], squares)];
    });
    return w.spoken.side(color, pieces.join(', '));
  };
  return `${side('white')} ${side('black')} ${w.spoken.toMove(pos.turn)}`;
}

/** The legal moves, of one square if it is given. */
export function speakMoves(fen: string, from: string | null): string {
  const pos = position(fen);
  const moves = [...legalIndices(pos).values()].filter((uci) => from === null || uci.startsWith(from));
  if (moves.length === 0) return from === null ? w.spoken.noMoves : w.spoken.noMovesFrom(from);
  return w.spoken.moves(moves.length, moves.map((uci) => speakSan(sanOf(pos, uci))).join(', '));
}

function speakLast(state: State): string {
  const { last } = shown(state);
  return last === null ? w.spoken.noLast : w.spoken.lastMove(w.by[last.by], speakSan(last.san), last.proof !== null);
}

function speakClock(state: State): string {
  const { game } = state;
  const until = game === null || game.state === 'over' ? 0 : game.ballotsUntil || game.deadline;
  const left = secondsLeft(state, until);
  return left === null ? w.spoken.noClock : w.spoken.clock(clock(left));
}

/** What a typed command or a key asks for; null: it is no command. `square`: where the keyboard's cursor stands. */
export function answerTo(state: State, text: string, square: string | null = null): string | null {
  const [command = '', argument] = text.trim().toLowerCase().split(/\s+/);
  const { fen } = shown(state);
  if (argument !== undefined && (command !== 'm' || parseSquare(argument) === undefined)) return null;
  if (command === '?') return w.taste.commands;
  if (command === 'l') return speakLast(state);
  if (command === 'c') return speakClock(state);
  if (fen === null || (command !== 'p' && command !== 'm')) return null;
  return command === 'p' ? speakPosition(fen) : speakMoves(fen, argument ?? square);
}
