// What stands over the board: the move under proof as a ghost that fills, and the stamp of a proven move.

import { parseSquare, parseUci, squareFile, squareRank } from 'chessops/util';
import { html, noChange, nothing } from 'lit-html';
import { Directive, directive, type ElementPart } from 'lit-html/directive.js';
import { keyed } from 'lit-html/directives/keyed.js';
import { underProof } from '../crowd.ts';
import { percent } from '../format.ts';
import { position } from '../position.ts';
import { type State, shown } from '../state.ts';
import { w } from '../words/index.ts';
import { type Drawn, share } from './dom.ts';

class At extends Directive {
  render(_square: number, _white: boolean) {
    return noChange;
  }

  override update(part: ElementPart, [square, white]: [number, boolean]) {
    const { style } = part.element as HTMLElement;
    style.setProperty('--column', String(white ? squareFile(square) : 7 - squareFile(square)));
    style.setProperty('--row', String(white ? 7 - squareRank(square) : squareRank(square)));
    return noChange;
  }
}

/** Puts an element on a square: --column and --row, 0 to 7 from the upper left. */
export const onSquare = directive(At);

export const whiteBelow = ({ game, flipped }: State): boolean => (game?.world === 'white') !== flipped;

export function overBoard(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const { fen, last, live } = shown(state);
  const chosen = live ? underProof(state) : null;
  if (chosen !== null && fen !== null) return ghost(state, fen, chosen);
  if (last?.proof == null || (live && state.proposal !== null)) return nothing;
  const square = parseSquare(last.move.slice(2, 4));
  if (square === undefined) return nothing;
  const fresh = live && last === game.moves.at(-1);
  return html`${keyed(
    last.tx,
    html`<div class="stamp ${fresh ? 'fresh' : ''}" aria-hidden="true" ${onSquare(square, whiteBelow(state))}><b>✓ ${w.ghost.stamp}</b></div>`,
  )}`;
}

function ghost(state: State, fen: string, chosen: { uci: string; san: string; fraction: number }): Drawn {
  const move = parseUci(chosen.uci);
  if (move === undefined || !('from' in move)) return nothing;
  const piece = position(fen).board.get(move.from);
  if (piece === undefined) return nothing;
  const kind = `${move.promotion ?? piece.role} ${piece.color}`;
  const label = w.ghost.label(chosen.san, percent(chosen.fraction));
  return html`
    <div class="under-proof" role="img" aria-label=${label} ${onSquare(move.to, whiteBelow(state))}>
      <div class="cg-wrap faint"><piece class=${kind}></piece></div>
      <div class="cg-wrap filling" ${share(chosen.fraction)}><piece class=${kind}></piece></div>
    </div>
  `;
}
