// "My position": what this account's stake pays in each outcome, and at the end what it paid.

import { html, nothing } from 'lit-html';
import { coins } from '../format.ts';
import { after, payout, type Stakes } from '../payout.ts';
import { holdingOf, type State, stakesOf } from '../state.ts';
import { w } from '../words/index.ts';
import { card, type Drawn } from './dom.ts';
import { profit } from './mine.ts';

type Side = 'world' | 'leela';

/** What a stake on a side pays if the game ends so, in wei. */
export function pays(stakes: Stakes, side: Side, stake: bigint, outcome: Side | 'draw' | 'void'): bigint {
  return outcome === 'draw' || outcome === 'void' ? stake : payout(stakes, side, stake, outcome);
}

/** What the account's whole stake pays in each outcome: what it has staked, and `more` if it stakes that now. */
export function outcomes(state: State, side: Side, staked: bigint, more = 0n): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const stakes = after(stakesOf(game), side, more);
  const stake = staked + more;
  const row = (outcome: Side | 'draw', name: string) => {
    const paid = pays(stakes, side, stake, outcome);
    return html`<div><dt>${name}</dt><dd>${coins(paid)} ETH ${profit(paid - stake, '')}</dd></div>`;
  };
  return html`
    <dl class="outlook">
      ${row(side, w.lobby.wins(side))}
      ${row(side === 'world' ? 'leela' : 'world', w.lobby.wins(side === 'world' ? 'leela' : 'world'))}
      ${row('draw', w.lobby.draw)}
    </dl>
  `;
}

export function myPosition(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const holding = holdingOf(state);
  if (holding.is === 'loading')
    return card('position', w.position.title, html`<p class="fine">${w.position.asking}</p>`);
  const side = holding.is === 'known' ? holding.account.side : null;
  if (holding.is === 'absent' || side === null) {
    const why = holding.is === 'absent' ? w.over.connect : w.pools.noStake;
    return card('position', w.position.title, html`<p class="mine fine">${why}</p>`);
  }
  const stake = BigInt(holding.account.stake);
  const mine = html`<p class="mine">${w.pools.mine(coins(stake), side)}</p>`;
  if (game.state !== 'over' || game.outcome === null) {
    return card('position', w.position.title, html`${mine}${outcomes(state, side, stake)}`);
  }
  const paid = pays(stakesOf(game), side, stake, game.outcome);
  return card(
    'position',
    w.position.title,
    html`
      ${mine}
      <dl class="outlook final">
        <div><dt>${w.position.staked}</dt><dd>${coins(stake)} ETH</dd></div>
        <div><dt>${w.position.payout}</dt><dd>${coins(paid)} ETH</dd></div>
        <div class="total"><dt>${w.position.profit}</dt><dd>${profit(paid - stake)}</dd></div>
      </dl>
      ${holding.current && paid > 0n && holding.account.owed === '0' ? html`<p class="fine">${w.position.paidOut}</p>` : nothing}
    `,
  );
}
