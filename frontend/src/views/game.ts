// The game beside the board: players, pools, moves.

import { html, nothing } from 'lit-html';
import type { Game } from '../api.ts';
import { clock, coins, percent, period, times } from '../format.ts';
import { multiple } from '../payout.ts';
import { type Actions, type State, secondsLeft, shown, stakesOf } from '../state.ts';
import { card, type Drawn, icon, share } from './dom.ts';

export function player(state: State, side: 'world' | 'leela'): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const moving = game.state === 'vote' || game.state === 'prove';
  const color = side === 'world' ? game.world : game.world === 'white' ? 'black' : 'white';
  const turn = moving && game.turn === color;
  const name = side === 'world' ? 'The World' : 'Leela';
  const about =
    side === 'world'
      ? `${game.seats} ${game.seats === 1 ? 'seat' : 'seats'}`
      : typeof state.passport?.parameters === 'number'
        ? `network of ${millions(state.passport.parameters)} parameters`
        : 'network';
  const left = turn ? secondsLeft(state, game.deadline) : null;
  const won = game.state === 'over' && game.outcome === side;
  return html`
    <div class="player ${side} ${turn ? 'turn' : ''}">
      <span class="color ${color}" aria-hidden="true"></span>
      <b>${name}</b>
      <small>${about}</small>
      ${won ? html`<em class="won">won</em>` : nothing}
      ${turn ? html`<em>${game.mover === 'understudy' ? 'understudy moves' : side === 'world' ? 'to vote' : 'to move'}</em>` : nothing}
      ${left !== null && left < 86_400 ? html`<span class="clock">${clock(left)}</span>` : nothing}
    </div>
  `;
}

export const millions = (n: number): string =>
  n >= 1e6 ? `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} M` : n >= 1e3 ? `${Math.round(n / 1e3)} k` : String(n);

export function pools(state: State): Drawn {
  const { game, account } = state;
  if (game === null) return nothing;
  const stakes = stakesOf(game);
  const total = stakes.world + stakes.leela;
  const world = total === 0n ? 0.5 : Number((stakes.world * 10_000n) / total) / 10_000;
  const row = (side: 'world' | 'leela', name: string) => html`
    <div class="pool ${side}">
      <dt>${name}</dt>
      <dd><b>${coins(stakes[side])}</b> ETH</dd>
      <dd class="odds" title="What each coin staked on this side is paid if it wins">${times(multiple(stakes, side))}</dd>
    </div>
  `;
  return card(
    'pools',
    'Pools',
    html`
      <div class="scale" ${share(world)} role="img" aria-label="${percent(world)} of all stakes are on the World"></div>
      <dl class="pool-list">${row('world', 'World')} ${row('leela', 'Leela')}</dl>
      ${stakes.pot > 0n ? html`<p class="fine">The sponsor’s pot for a World win: <b>${coins(stakes.pot)} ETH</b>.</p>` : nothing}
      <p class="mine">
        ${
          account?.side == null
            ? 'You have no stake in this game.'
            : html`You: <b>${coins(account.stake)} ETH</b> on ${account.side === 'world' ? 'the World' : 'Leela'}${
                account.seat === null ? nothing : html`, seat\u00a0${account.seat}`
              }.`
        }
      </p>
      ${terms(game)} ${risk(game)}
    `,
  );
}

/** The terms, which never change once the game is created. */
function terms({ terms }: Game): Drawn {
  const rows: [string, string][] = [
    ['World plays', terms.worldIsWhite ? 'White' : 'Black'],
    ['A vote lasts', period(terms.votingPeriod)],
    ['it may close early after', period(terms.minPeriod)],
    ['Quorum', percent(terms.quorum / 10_000)],
    ['A proof is due within', period(terms.provingPeriod)],
    ['A winner wins at most', `${terms.maxOdds} × the stake`],
    ['Fee on winnings', percent(terms.fee / 10_000)],
    ['Draw after', `${terms.maxPly} plies`],
    ['Least stake', `${coins(terms.minStake)} ETH`],
  ];
  return html`
    <details>
      <summary>Terms</summary>
      <dl class="terms">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </details>
  `;
}

/** What no rule can fix, with this game's own numbers. */
function risk(game: Game): Drawn {
  const { world, leela, maxOdds } = stakesOf(game);
  const winnable = world < maxOdds * leela ? world : maxOdds * leela;
  return html`
    <details>
      <summary>What no rule can fix</summary>
      <ul class="risks">
        ${
          game.terms.leelaPoolOpen
            ? html`<li>
                Whoever holds most of both pools can throw the game: more than ${coins(world / 2n)} ETH of the World’s
                weight decides every vote, and a Leela win takes up to ${coins(winnable)} ETH from the World. Play this
                among friends.
              </li>`
            : html`<li>
                The pot returns to its creator unless the World wins, and every stake returns: the creator can stake on
                the World from another account, outvote the others and throw the game.
              </li>`
        }
        <li>Votes can be bought elsewhere, and money counts, not people.</li>
        <li>People can ask chess engines, which beat this network.</li>
        <li>A block’s proposer can delay votes, and bias the opening’s draw a little.</li>
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
    const by = { world: 'the World', leela: 'Leela', understudy: 'the understudy' }[move.by];
    const proven = move.proof === null ? '' : ', proven';
    cells.push(html`
      <button
        class="move ${move.by}"
        aria-current=${current === i + 1 ? 'true' : nothing}
        aria-label="${move.san}, ${by}${proven}"
        title=${move.proof === null ? nothing : `By ${by}, proven in block ${move.proof.block}`}
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
    'Moves',
    html`
      <div class="move-list" id="move-list">
        ${cells.length === 0 ? html`<p class="none">No move is played yet.</p>` : cells}
      </div>
      <div class="steps">
        ${step(0, 'First position', 'M6 5v14M18 5l-9 7 9 7z', current === 0)} ${step(current - 1, 'One move back', 'M16 5l-9 7 9 7z', current === 0)}
        ${step(current + 1, 'One move on', 'M8 5l9 7-9 7z', current >= last)} ${step(last, 'Live position', 'M18 5v14M6 5l9 7-9 7z', current >= last)}
        <button class="step wide" ?disabled=${last === 0} @click=${() => act.downloadPgn()}>PGN</button>
      </div>
    `,
  );
}

/** The games there are, newest first. */
export function selector(state: State, act: Actions): Drawn {
  const { games, game } = state;
  if (games.length === 0) return nothing;
  const others = game === null || games.some((g) => g.id === game.id) ? games : [game, ...games];
  const line = (g: Pick<Game, 'id' | 'state' | 'outcome' | 'ply'>) =>
    `Game ${g.id} · ${g.state === 'over' ? (g.outcome ?? 'over') : g.state === 'lobby' ? 'lobby' : `ply ${g.ply}`}`;
  return html`
    <label class="selector">
      <span class="sr">Game</span>
      <select @change=${(e: Event) => act.selectGame(Number((e.target as HTMLSelectElement).value))}>
        ${others.map((g) => html`<option value=${g.id} ?selected=${g.id === game?.id}>${line(g)}</option>`)}
      </select>
    </label>
  `;
}
