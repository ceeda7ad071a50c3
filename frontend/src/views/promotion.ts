// The piece that a pawn becomes: a modal dialog on the board's own squares.

import { makeSquare, squareFile, squareRank } from 'chessops/util';
import { html, nothing } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { Actions } from '../actions/index.ts';
import type { State } from '../state.ts';
import { w } from '../words/index.ts';
import { type Drawn, opening } from './dom.ts';
import { whiteBelow } from './ghost.ts';

const PROMOTIONS = ['queen', 'knight', 'rook', 'bishop'] as const;

/** Over the board that it belongs to. */
const open = opening((dialog) => {
  const board = document.getElementById('board')?.getBoundingClientRect();
  if (board === undefined) return;
  dialog.style.setProperty('--left', `${board.left}px`);
  dialog.style.setProperty('--top', `${board.top}px`);
  dialog.style.setProperty('--size', `${board.width}px`);
});

export function promotion(state: State, act: Actions): Drawn {
  const { promotion: chosen, game } = state;
  if (chosen === null || game === null) return nothing;
  const white = squareRank(chosen.to) === 7;
  const top = white === whiteBelow(state);
  const file = squareFile(chosen.to);
  const column = whiteBelow(state) ? file : 7 - file;
  return html`
    <dialog
      class="promotion ${top ? 'downwards' : 'upwards'} column-${column}"
      aria-label=${w.board.promote(makeSquare(chosen.to))}
      ${ref(open)}
      @close=${() => act.promote(null)}
      @click=${(e: Event) => e.target === e.currentTarget && act.promote(null)}
    >
      ${PROMOTIONS.map(
        (role) => html`
          <button class="cg-wrap" aria-label=${w.pieces[role]} @click=${() => act.promote(role)}>
            <piece class="${role} ${white ? 'white' : 'black'}"></piece>
          </button>
        `,
      )}
    </dialog>
  `;
}
