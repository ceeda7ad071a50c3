// The front page: what this is, a game to enter, how it works, and what is proven.

import { html, nothing } from 'lit-html';
import type { GameLine } from '../api.ts';
import { clock, coins } from '../format.ts';
import { pathOf } from '../route.ts';
import { type State, secondsLeft } from '../state.ts';
import { w } from '../words/index.ts';
import type { Drawn } from './dom.ts';
import { miniBoard } from './mini.ts';
import { hero, payPicture, provePicture, votePicture } from './pictures.ts';

/** The game that "Play now" leads to: one that takes stakes, else the newest that is on, else the newest. */
export function gameToEnter(games: readonly GameLine[]): GameLine | null {
  return games.find((g) => g.state === 'lobby') ?? games.find((g) => g.state !== 'over') ?? games[0] ?? null;
}

export function front(state: State): Drawn {
  const { games } = state;
  const enter = games === null ? null : gameToEnter(games);
  const on = (games ?? []).filter((g) => g.state !== 'over');
  const played = (games ?? []).filter((g) => g.fen !== null); // a lobby in which nobody staked is no news
  const shown = on.length > 0 ? on.slice(0, 6) : played.slice(0, 3);
  return html`
    <main id="main" class="front" tabindex="-1">
      <section class="hero">
        <div>
          <h1>${w.front.title}</h1>
          <p class="lead">${w.front.lead}</p>
          ${
            enter === null
              ? html`<span class="primary big waiting">${games === null ? w.page.loading : w.front.none}</span>`
              : html`<a class="primary big" id="play" href=${pathOf({ page: 'game', game: enter.id })}>${enter.state === 'lobby' ? w.front.play : w.front.watch}</a>`
          }
          ${state.series === null || state.series === 'open' ? nothing : html`<p class="fine">${w.front.series[state.series]}</p>`}
          <p class="fine">${state.config?.local === false ? w.front.realMoney : w.front.playMoney}</p>
        </div>
        ${hero(w.front.picture)}
      </section>
      <section aria-labelledby="title-on">
        <h2 id="title-on">${on.length > 0 || games === null ? w.front.on : w.front.recent}</h2>
        <ul class="tables">
          ${
            games === null
              ? [0, 1, 2].map(() => html`<li class="table skeleton"></li>`)
              : shown.map((game) => table(state, game))
          }
        </ul>
      </section>
      <section aria-labelledby="title-how">
        <h2 id="title-how">${w.front.how}</h2>
        <ol class="how">
          ${[votePicture, provePicture, payPicture].map((picture, i) => {
            const [title, text] = w.front.steps[i] as [string, string];
            return html`<li>${picture()}<h3>${title}</h3><p>${text}</p></li>`;
          })}
        </ol>
      </section>
      <section class="truths" aria-labelledby="title-truths">
        <h2 id="title-truths">${w.front.truths}</h2>
        <div>
          <h3>${w.front.proven}</h3>
          <ul class="yes">${w.front.provenList.map((text) => html`<li>${text}</li>`)}</ul>
        </div>
        <div>
          <h3>${w.front.unproven}</h3>
          <ul class="no">${w.front.unprovenList.map((text) => html`<li>${text}</li>`)}</ul>
        </div>
      </section>
      ${
        state.config?.vault == null
          ? nothing
          : html`
              <section class="to-vault" aria-labelledby="title-vault">
                <h2 id="title-vault">${w.front.vault}</h2>
                <p>${w.front.vaultAbout} <a href=${pathOf({ page: 'vault' })}>${w.front.vaultLink}</a></p>
              </section>
            `
      }
    </main>
  `;
}

/** What a game in a list is at, in two or three words. */
export function stage(game: GameLine): string {
  if (game.state === 'over') return game.outcome === null ? w.moves.over : w.moves.outcomes[game.outcome];
  return w.front.stages[game.state];
}

function table(state: State, game: GameLine): Drawn {
  const left = game.state === 'lobby' || game.state === 'vote' ? secondsLeft(state, game.deadline) : null;
  const staked = BigInt(game.worldPool) + BigInt(game.leelaPool) + BigInt(game.pot);
  return html`
    <li class="table ${game.state}">
      <a href=${pathOf({ page: 'game', game: game.id })}>
        ${miniBoard(game)}
        <span class="about">
          <b>${w.moves.line(game.id, stage(game))}</b>
          <span>${w.units.voters(game.seats)}</span>
          <span>${w.front.staked(coins(staked))}</span>
          ${left === null || left > 86_400 ? nothing : html`<span class="clock">${clock(left)}</span>`}
        </span>
      </a>
    </li>
  `;
}
