// Captured pieces and who is ahead, read from a position.

import { type Color, ROLES, type Role } from 'chessops/types';
import { position } from './position.ts';

export const VALUES: Record<Role, number> = { pawn: 1, knight: 3, bishop: 3, rook: 5, queen: 9, king: 0 };
const WHOLE: Record<Role, number> = { pawn: 8, knight: 2, bishop: 2, rook: 2, queen: 1, king: 1 };
const ORDER: readonly Role[] = ['queen', 'rook', 'bishop', 'knight', 'pawn'];

export interface Material {
  /** The pieces that each side has lost, the dearest first. */
  readonly lost: Readonly<Record<Color, readonly [Role, number][]>>;
  /** White's points minus Black's. */
  readonly balance: number;
}

/** What is missing in a position; `from` is where the game began: null, from the whole set. */
export function material(fen: string, from: string | null): Material {
  const now = position(fen).board;
  const then = from === null ? null : position(from).board;
  const lost = (color: Color) =>
    ORDER.map((role): [Role, number] => {
      const had = then === null ? WHOLE[role] : then.pieces(color, role).size();
      return [role, Math.max(0, had - now.pieces(color, role).size())];
    }).filter(([, count]) => count > 0);
  const points = (color: Color) => ROLES.reduce((sum, role) => sum + VALUES[role] * now.pieces(color, role).size(), 0);
  return { lost: { white: lost('white'), black: lost('black') }, balance: points('white') - points('black') };
}
