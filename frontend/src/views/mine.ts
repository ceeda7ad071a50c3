// "My games": every game in which this account has a stake or unclaimed money.

import { html, nothing } from 'lit-html';
import type { Actions } from '../actions/index.ts';
import type { AccountGame } from '../api.ts';
import { coins } from '../format.ts';
import { pathOf } from '../route.ts';
import type { State } from '../state.ts';
import { w } from '../words/index.ts';
import type { Drawn } from './dom.ts';
import { stage } from './front.ts';
import { miniBoard } from './mini.ts';

export function mine(state: State, act: Actions): Drawn {
  const { wallet, mine } = state;
  const known = mine !== null && mine.owner === wallet?.address ? mine : null;
  const owed = (known?.games ?? []).reduce((sum, { owed }) => sum + BigInt(owed), 0n);
  return html`
    <main id="main" class="list-page" tabindex="-1">
      <h1>${w.mine.title}</h1>
      ${
        wallet === null
          ? html`<p class="lead">${w.mine.connect}</p>`
          : known === null
            ? html`<ul class="mine-list">${[0, 1, 2].map(() => html`<li class="skeleton"></li>`)}</ul>`
            : known.games.length === 0
              ? html`<p class="lead">${w.mine.none}</p><a class="primary big" href="/">${w.mine.find}</a>`
              : html`
                  ${owed > 0n ? html`<p class="lead">${w.mine.owed(coins(owed))}</p>` : nothing}
                  <ul class="mine-list">${known.games.map((entry) => row(state, act, entry))}</ul>
                  ${known.more === null ? nothing : html`<button class="quiet" @click=${() => act.moreOfMine()}>${w.mine.more}</button>`}
                `
      }
    </main>
  `;
}

function row(state: State, act: Actions, { game, side, stake, payout, owed }: AccountGame): Drawn {
  const due = BigInt(owed);
  return html`
    <li>
      <a href=${pathOf({ page: 'game', game: game.id })}>
        ${miniBoard(game)}
        <span class="about">
          <b>${w.moves.line(game.id, stage(game))}</b>
          ${side === null ? nothing : html`<span>${w.mine.staked(coins(stake), side)}</span>`}
          ${payout === null ? nothing : html`<span>${w.mine.pays(coins(payout))} ${profit(BigInt(payout) - BigInt(stake))}</span>`}
        </span>
      </a>
      ${
        due > 0n
          ? html`<button class="primary" ?disabled=${state.task !== null} @click=${() => act.claim(game.id, owed)}>${state.task ?? w.over.claim(coins(due))}</button>`
          : payout === null
            ? nothing
            : html`<span class="fine">${w.mine.settled}</span>`
      }
    </li>
  `;
}

/** A gain or a loss, with its sign. */
export function profit(wei: bigint, unit = ' ETH'): Drawn {
  const text = wei < 0n ? `−${coins(-wei)}` : `+${coins(wei)}`;
  return html`<em class="profit ${wei < 0n ? 'loss' : wei === 0n ? '' : 'gain'}">${wei === 0n ? '±0' : text}${unit}</em>`;
}
