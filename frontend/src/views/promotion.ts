// The piece that a pawn becomes: a modal dialog on the board's own squares.

import { makeSquare, squareFile, squareRank } from 'chessops/util';
import { html, nothing } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { Actions } from '../actions/index.ts';
import type { State } from '../state.ts';
import { w } from '../words/index.ts';
import type { Drawn } from './dom.ts';
import { whiteBelow } from './ghost.ts';

const PROMOTIONS = ['queen', 'knight', 'rook', 'bishop'] as const;

/** Opens a dialog as soon as it is in the page, over the board that it belongs to. */
function open(element: Element | undefined): void {
  if (!(element instanceof HTMLDialogElement) || element.open) return;
  queueMicrotask(() => {
    if (!element.isConnected || element.open) return;
    const board = document.getElementById('board')?.getBoundingClientRect();
    if (board !== undefined) {
      element.style.setProperty('--left', `${board.left}px`);
      element.style.setProperty('--top', `${board.top}px`);
      element.style.setProperty('--size', `${board.width}px`);
    }
    element.showModal();
  });
}

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
