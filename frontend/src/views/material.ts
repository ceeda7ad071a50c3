// Captured pieces beside a player's name, and the opening above the moves.

import type { Color } from 'chessops/types';
import { html, nothing } from 'lit-html';
import { material } from '../material.ts';
import { type State, shown } from '../state.ts';
import { w } from '../words/index.ts';
import type { Drawn } from './dom.ts';

/** What a side has captured in the position on the board, and its lead in points. */
export function captures(state: State, side: 'world' | 'leela'): Drawn {
  const { game } = state;
  const { fen } = shown(state);
  if (game === null || fen === null) return nothing;
  const color: Color = (game.world === 'white') === (side === 'world') ? 'white' : 'black';
  const other: Color = color === 'white' ? 'black' : 'white';
  // A game that began with the book's opening lost pieces of the whole set; one that began elsewhere, of its own.
  const { lost, balance } = material(fen, game.opening === null ? game.openingFen : null);
  const lead = color === 'white' ? balance : -balance;
  const taken = lost[other];
  if (taken.length === 0 && lead <= 0) return nothing;
  const names = taken.map(([role, n]) => w.material.count(role, n)).join(', ');
  const label = [taken.length > 0 ? w.material.captured(other, names) : '', lead > 0 ? w.material.ahead(lead) : ''];
  return html`
    <span class="captures" role="img" aria-label=${label.filter((part) => part !== '').join('; ')}>
      ${taken.map(
        ([role, n]) =>
          html`<span class="cg-wrap heap">${Array.from({ length: n }, () => html`<piece class="${role} ${other}"></piece>`)}</span>`,
      )}
      ${lead > 0 ? html`<small>+${lead}</small>` : nothing}
    </span>
  `;
}

/** The opening's name, and the moves before the first of the game. */
export function opening({ game }: State): Drawn {
  if (game?.opening == null) return nothing;
  const { name, moves } = game.opening;
  return html`
    <div class="opening">
      <b>${w.opening.named(name)}</b>
      <small><span class="sr">${w.opening.before}: </span>${moves}</small>
    </div>
  `;
}
