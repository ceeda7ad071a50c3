// The game beside the board: players, pools, moves.

import { html, nothing } from 'lit-html';
import type { Actions } from '../actions/index.ts';
import type { Game } from '../api.ts';
import { clock, coins, percent, period, times } from '../format.ts';
import { multiple, throwing } from '../payout.ts';
import { type State, secondsLeft, shown, stakesOf } from '../state.ts';
import { w } from '../words/index.ts';
import { card, type Drawn, icon, share } from './dom.ts';
import { captures, opening } from './material.ts';

export function player(state: State, side: 'world' | 'leela'): Drawn {
  const { game } = state;
  if (game === null)
    return html`<div class="player ${side}"><span class="color unknown"></span><b>${w.sides[side]}</b></div>`;
  const moving = game.state === 'vote' || game.state === 'prove';
  const color = side === 'world' ? game.world : game.world === 'white' ? 'black' : 'white';
  const turn = moving && game.turn === color;
  const parameters = state.passport?.parameters;
  const about =
    side === 'world'
      ? w.units.voters(game.seats)
      : w.player.network(typeof parameters === 'number' ? millions(parameters) : null);
  const doing = game.mover === 'understudy' ? w.player.standsIn : side === 'world' ? w.player.toVote : w.player.toMove;
  // The clock that binds is the vote's; a proof's deadline is no thinking time.
  const left = turn && game.state === 'vote' ? secondsLeft(state, game.ballotsUntil) : null;
  const won = game.state === 'over' && game.outcome === side;
  return html`
    <div class="player ${side} ${turn ? 'turn' : ''}">
      <span class="color ${color}" aria-hidden="true"></span>
      <b>${w.sides[side]}</b>
      <small>${about}</small>
      ${captures(state, side)}
      ${won ? html`<em class="won">${w.player.won}</em>` : nothing}
      ${turn ? html`<em>${doing}</em>` : nothing}
      ${left !== null && left < 86_400 ? html`<span class="clock">${clock(left)}</span>` : nothing}
    </div>
  `;
}

export const millions = (n: number): string =>
  n >= 1e6 ? `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} M` : n >= 1e3 ? `${Math.round(n / 1e3)} k` : String(n);

export function pools(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const stakes = stakesOf(game);
  const total = stakes.world + stakes.leela;
  const world = total === 0n ? 0.5 : Number((stakes.world * 10_000n) / total) / 10_000;
  const row = (side: 'world' | 'leela') => html`
    <div class="pool ${side}">
      <dt>${w.lobby.sides[side]}</dt>
      <dd><b>${coins(stakes[side])}</b> ETH</dd>
      <dd class="odds" title=${w.pools.odds}>${times(multiple(stakes, side))}</dd>
    </div>
  `;
  return card(
    'pools',
    w.pools.title,
    html`
      <div class="scale" ${share(world)} role="img" aria-label=${w.pools.share(percent(world))}></div>
      <dl class="pool-list">${row('world')} ${row('leela')}</dl>
      ${stakes.pot > 0n ? html`<p class="fine">${w.pools.pot(coins(stakes.pot))}</p>` : nothing}
      ${terms(game)} ${risk(game)}
    `,
  );
}

/** The terms, which never change once the game is created. */
function terms({ terms }: Game): Drawn {
  const name = w.pools.term;
  const rows: [string, string][] = [
    [name.worldPlays, terms.worldIsWhite ? w.colors.white : w.colors.black],
    [name.voting, period(terms.votingPeriod)],
    [name.early, period(terms.minPeriod)],
    [name.quorum, percent(terms.quorum / 10_000)],
    [name.proving, period(terms.provingPeriod)],
    [name.odds, w.pools.oddsValue(terms.maxOdds)],
    [name.fee, percent(terms.fee / 10_000)],
    [name.draw, w.pools.moves(terms.maxPly)],
    [name.least, `${coins(terms.minStake)} ETH`],
  ];
  return html`
    <details>
      <summary>${w.pools.terms}</summary>
      <dl class="terms">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </details>
  `;
}

/** What no rule can fix, with this game's own numbers. */
function risk(game: Game): Drawn {
  const least = throwing(stakesOf(game), game.terms.quorum);
  return html`
    <details>
      <summary>${w.pools.risks}</summary>
      <ul class="risks">
        ${
          game.terms.leelaPoolOpen
            ? html`<li>${
                least === null
                  ? w.pools.riskBet
                  : w.pools.riskThrow(percent(least.a), coins(least.world), percent(least.b), coins(least.leela))
              }</li>`
            : html`<li>${w.pools.riskPrize}</li>`
        }
        ${w.pools.riskOthers.map((risk) => html`<li>${risk}</li>`)}
      </ul>
    </details>
  `;
}

export function moves(state: State, act: Actions): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const first = game.openingFen?.split(' ') ?? [];
  const startsBlack = first[1] === 'b';
  const number = Number(first[5] ?? 1);
  const current = shown(state).live ? game.moves.length : (state.viewed ?? 0);
  const cells: unknown[] = [];
  game.moves.forEach((move, i) => {
    const half = i + (startsBlack ? 1 : 0);
    if (half % 2 === 0 || i === 0) cells.push(html`<span class="number">${number + Math.floor(half / 2)}</span>`);
    if (i === 0 && startsBlack) cells.push(html`<span class="gap">…</span>`);
    const by = w.by[move.by];
    cells.push(html`
      <button
        class="move ${move.by}"
        aria-current=${current === i + 1 ? 'true' : nothing}
        aria-label=${w.moves.label(move.san, by, move.proof !== null)}
        title=${move.proof === null ? nothing : w.moves.proven(by, move.proof.block)}
        @click=${() => act.view(i + 1)}
      >
        <span>${move.san}</span>${move.proof === null ? nothing : html`<i class="seal" aria-hidden="true">✓</i>`}
      </button>
    `);
  });
  const last = game.moves.length;
  const step = (to: number, label: string, path: string, off: boolean) => html`
    <button class="step" aria-label=${label} title=${label} ?disabled=${off} @click=${() => act.view(to)}>
      ${icon(path)}
    </button>
  `;
  return card(
    'moves',
    w.moves.title,
    html`
      ${opening(state)}
      <div class="move-list" id="move-list">
        ${cells.length === 0 ? html`<p class="none">${w.moves.none}</p>` : cells}
      </div>
      <div class="steps">
        ${step(0, w.moves.first, 'M6 5v14M18 5l-9 7 9 7z', current === 0)} ${step(current - 1, w.moves.back, 'M16 5l-9 7 9 7z', current === 0)}
        ${step(current + 1, w.moves.on, 'M8 5l9 7-9 7z', current >= last)} ${step(last, w.moves.live, 'M18 5v14M6 5l9 7-9 7z', current >= last)}
        <button class="step wide" ?disabled=${last === 0} @click=${() => act.downloadPgn()}>PGN</button>
      </div>
    `,
  );
}
