// Pages of words: the glossary, an absent game, an unknown address.

import { html, nothing } from 'lit-html';
import type { Actions } from '../actions/index.ts';
import { pathOf } from '../route.ts';
import type { State } from '../state.ts';
import { w } from '../words/index.ts';
import type { Drawn } from './dom.ts';
import { gameToEnter } from './front.ts';
import { lost } from './pictures.ts';

export const glossary = (): Drawn => html`
  <main id="main" class="list-page" tabindex="-1">
    <h1>${w.glossary.title}</h1>
    <p class="lead">${w.glossary.lead}</p>
    <dl class="glossary">
      ${w.glossary.entries.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}
    </dl>
  </main>
`;

/** Something that is not there, and where to go instead. */
function dead(state: State, title: string, text: string, more: Drawn = nothing): Drawn {
  const enter = gameToEnter(state.games ?? []);
  return html`
    <main id="main" class="list-page dead-end" tabindex="-1">
      ${lost()}
      <h1>${title}</h1>
      <p class="lead">${text}</p>
      <div class="ways">
        ${more}
        ${enter === null ? nothing : html`<a class="primary big" href=${pathOf({ page: 'game', game: enter.id })}>${w.page.openGame(enter.id)}</a>`}
        <a class="quiet big" href="/">${w.missing.front}</a>
      </div>
    </main>
  `;
}

export const missing = (state: State): Drawn => dead(state, w.missing.page, w.missing.pageText);

/** A game that is not there, or that could not be read. */
export function absentGame(state: State, act: Actions, game: number): Drawn {
  if (state.absent === null) return nothing;
  if (state.absent.none) return dead(state, w.missing.game(game), w.missing.gameText);
  const again = html`<button class="primary big" id="retry" @click=${() => act.retry()}>${w.missing.retry}</button>`;
  return dead(state, w.missing.unread(game), state.absent.why, again);
}
