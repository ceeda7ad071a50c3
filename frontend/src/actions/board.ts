// Looking at the game: earlier positions, the board's side, and the keyboard.

import { makeSquare } from 'chessops/util';
import { destinations, position, squareText } from '../position.ts';
import { answerTo } from '../spoken.ts';
import { mayVote, shown } from '../state.ts';
import { w } from '../words/index.ts';
import type { Context } from './context.ts';
import { scrollMoves } from './focus.ts';
import { lookUp } from './plies.ts';
import { play, withdraw } from './vote.ts';

const ARROWS: Record<string, [file: number, rank: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

const clamp = (n: number) => Math.max(0, Math.min(7, n));

/** Looks at the position after so many moves; null: the live one. */
export function view(context: Context, ply: number | null): void {
  const last = context.state().game?.moves.length ?? 0;
  const viewed = ply === null || ply >= last ? null : Math.max(0, ply);
  context.update({ viewed, promotion: null, picked: null });
  lookUp(context);
  scrollMoves();
}

export function flip(context: Context): void {
  context.update({ flipped: !context.state().flipped });
}

/** Keys on the board itself. Returns whether the key meant something. */
export function boardKey(context: Context, key: string): boolean {
  const { game, cursor, picked, proposal, flipped } = context.state();
  if (game === null) return false;
  if (key === 'Escape') {
    context.update({ picked: null, proposal: null, promotion: null, said: w.board.letGo });
    return true;
  }
  const { fen, live } = shown(context.state());
  if (fen === null) return false;
  if (!live && (key === 'Enter' || key === ' ')) {
    view(context, null);
    context.update({ said: w.board.backAtLive });
    return true;
  }
  const pos = position(fen);
  const here = cursor !== null && (pos.board[pos.turn].has(cursor) ? makeSquare(cursor) : null);
  const answer = answerTo(context.state(), key, here || null);
  if (answer !== null) {
    context.update({ answer });
    return true;
  }
  const up = (game.world === 'white') !== flipped ? 1 : -1;
  const arrow = ARROWS[key];
  if (arrow !== undefined) {
    const from = cursor ?? (up === 1 ? 4 : 60);
    const file = clamp((from & 7) + up * arrow[0]);
    const rank = clamp((from >> 3) + up * arrow[1]);
    const to = cursor === null ? from : 8 * rank + file;
    context.update({ cursor: to, said: squareText(pos, to) });
    return true;
  }
  if ((key !== 'Enter' && key !== ' ') || cursor === null || proposal !== null || !mayVote(context.state()).may)
    return false;
  const targets = destinations(pos);
  const name = makeSquare(cursor);
  if (picked !== null && targets.get(makeSquare(picked))?.includes(name)) play(context, picked, cursor);
  else if ((targets.get(name)?.length ?? 0) > 0) {
    const said = w.board.pickedUp(squareText(pos, cursor), targets.get(name)?.join(', ') ?? '');
    context.update({ picked: cursor, said });
  } else context.update({ picked: null, said: w.board.noMove(squareText(pos, cursor)) });
  return true;
}

/** Keys anywhere else: arrows walk through the game, f turns the board. */
export function pageKey(context: Context, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (target.closest('input, select, textarea, #board, summary, [role=dialog], [popover]') !== null) return;
  const { viewed, game } = context.state();
  const at = viewed ?? game?.moves.length ?? 0;
  if (event.key === 'ArrowLeft') view(context, at - 1);
  else if (event.key === 'ArrowRight') view(context, at + 1);
  else if (event.key === 'Escape' && context.state().proposal !== null) withdraw(context);
  else if (event.key === 'f') flip(context);
}
