// What can be done now: stake, wait for the draw, vote, watch the network move, collect.

import { html, nothing } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Actions } from '../actions/index.ts';
import { clock, coins, parseCoins, percent, period, times } from '../format.ts';
import { after, multiple, payout } from '../payout.ts';
import { position, sanOf } from '../position.ts';
import { mayVote, overdue, ownBallot, resultText, type State, secondsLeft, stakesOf } from '../state.ts';
import { w } from '../words/index.ts';
import { card, type Drawn, share } from './dom.ts';

export function action(state: State, act: Actions): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const body = {
    lobby: () => lobby(state, act),
    drawn: () => drawn(),
    vote: () => vote(state, act),
    prove: () => prove(state),
    over: () => over(state, act),
  }[game.state]();
  const standIn = game.state === 'prove' && game.mover === 'understudy';
  const title = standIn ? w.action.standInTitle : w.action.titles[game.state];
  const left = game.state === 'over' || game.state === 'drawn' ? null : secondsLeft(state, game.deadline);
  const aside =
    left === null || (game.state === 'prove' && left > 86_400)
      ? nothing
      : html`<span class="clock ${left < 15 ? 'short' : ''}" role="timer" aria-label=${w.action.timeLeft}>${clock(left)}</span>`;
  return card('action', title, html`${body}${late(state, act)}${receipt(state, act)}`, aside);
}

function late(state: State, act: Actions): Drawn {
  const call = overdue(state);
  if (call === null) return nothing;
  const [why, label] = w.action.late[call];
  return html`
    <div class="late">
      <p>${why}</p>
      <button class="quiet" ?disabled=${state.task !== null || state.wallet === null} @click=${() => act.hurry(call)}>
        ${label}
      </button>
    </div>
  `;
}

/** On offer after the vote as well: only then can a receipt show that a ballot was left out. */
function receipt({ kept }: State, act: Actions): Drawn {
  if (kept === null) return nothing;
  const save = html`<button class="inline" @click=${() => act.saveReceipt()}>${w.action.saveReceipt}</button>`;
  return html`<p class="fine">${w.action.receipt(kept.ballot.move, save)}</p>`;
}

// ------------------------------------------------------------------------------------------------------------ lobby

function lobby(state: State, act: Actions): Drawn {
  const { game, account } = state;
  if (game === null) return nothing;
  const staked = account?.side ?? null;
  const side = staked ?? state.side;
  const wei = parseCoins(state.amount);
  const least = BigInt(game.terms.minStake);
  const tooMuch = wei !== null && state.balance !== null && wei >= state.balance;
  const problem =
    state.amount.trim() === ''
      ? w.lobby.typeAmount
      : wei === null
        ? w.lobby.noAmount
        : wei < least
          ? w.lobby.least(coins(least))
          : tooMuch
            ? w.lobby.tooMuch
            : null;
  const starts = game.terms.lobbyPeriod === 0 ? w.lobby.begins : w.lobby.until;
  return html`
    <p class="lead">
      ${staked === null ? w.lobby.choose(starts) : w.lobby.staked(coins(account?.stake ?? '0'), staked, starts)}
    </p>
    <form
      class="stake"
      @submit=${(e: Event) => {
        e.preventDefault();
        if (problem === null) act.stake();
      }}
    >
      <fieldset class="sides" ?disabled=${state.task !== null}>
        <legend class="sr">${w.lobby.sideLegend}</legend>
        ${(['world', 'leela'] as const).map(
          (s) => html`
            <label class="side-${s}">
              <input
                type="radio"
                name="side"
                value=${s}
                .checked=${live(side === s)}
                ?disabled=${(staked !== null && staked !== s) || (s === 'leela' && !game.terms.leelaPoolOpen)}
                @change=${() => act.setSide(s)}
              />
              <span><b>${w.lobby.sides[s]}</b><small>${w.lobby.votes[s]}</small></span>
            </label>
          `,
        )}
      </fieldset>
      <label class="amount">
        <span>${w.lobby.stake}</span>
        <input
          id="amount"
          inputmode="decimal"
          autocomplete="off"
          spellcheck="false"
          aria-describedby="stake-hint"
          aria-invalid=${problem !== null}
          .value=${live(state.amount)}
          @input=${(e: Event) => act.setAmount((e.target as HTMLInputElement).value)}
        />
        <span class="unit">ETH</span>
      </label>
      ${
        problem === null && wei !== null
          ? outlook(state, side, wei)
          : html`<p class="outlook problem" id="stake-hint">${problem}</p>`
      }
      <button class="primary ${side}" ?disabled=${problem !== null || state.task !== null || state.wallet === null}>
        ${state.task ?? (state.wallet === null ? w.wallet.first : w.lobby.stakeOn(side))}
      </button>
    </form>
  `;
}

function outlook(state: State, side: 'world' | 'leela', wei: bigint): Drawn {
  if (state.game === null) return nothing;
  const pools = after(stakesOf(state.game), side, wei);
  const other = side === 'world' ? 'leela' : 'world';
  const win = payout(pools, side, wei, side);
  const lose = payout(pools, side, wei, other);
  return html`
    <dl class="outlook" id="stake-hint">
    <div><dt>${w.lobby.wins(side)}</dt><dd>${coins(win)} ETH <em>${times(multiple(pools, side))}</em></dd></div>
    <div><dt>${w.lobby.wins(other)}</dt><dd>${coins(lose)} ETH</dd></div>
    <div><dt>${w.lobby.draw}</dt><dd>${coins(wei)} ETH</dd></div>
    </dl>
  `;
}

// ------------------------------------------------------------------------------------------------------------- draw

const drawn = (): Drawn => html`
  <p class="lead">${w.drawn.lead}</p>
  <progress class="wait" aria-label=${w.drawn.waiting}></progress>
`;

// ------------------------------------------------------------------------------------------------------------- vote

function vote(state: State, act: Actions): Drawn {
  const { game } = state;
  if (game?.vote == null) return nothing;
  const total = BigInt(game.pools.world);
  const part = (weight: string) => (total === 0n ? 0 : Number((BigInt(weight) * 10_000n) / total) / 10_000);
  const cast = part(game.vote.castWeight);
  return html`
    <div class="own">${own(state, act)}</div>
    <h3 id="candidates">${w.vote.candidates}</h3>
    <ol class="candidates" aria-labelledby="candidates">
      ${
        game.vote.candidates.length === 0
          ? html`<li class="none">${w.vote.noBallot}</li>`
          : game.vote.candidates.map(
              (c) => html`
                <li class=${c.move === game.vote?.leader ? 'leader' : ''} ${share(part(c.weight))}>
                  <b>${c.san ?? c.move}</b>
                  <span>${w.vote.candidate(coins(c.weight), c.ballots)}</span>
                  <em>${percent(part(c.weight))}</em>
                </li>
              `,
            )
      }
    </ol>
    <p class="fine">
      ${w.vote.cast(percent(cast), game.vote.pending)}
      ${game.terms.quorum > 0 ? w.vote.quorum(percent(game.terms.quorum / 10_000)) : nothing}
    </p>
  `;
}

function own(state: State, act: Actions): Drawn {
  const { game, proposal, task } = state;
  if (!game?.fen) return nothing;
  const pos = position(game.fen);
  const ballot = ownBallot(state);
  if (ballot !== null) {
    return html`
      <p class="sent">
        <span class="tick" aria-hidden="true">✓</span>
        <span>
          ${w.vote.own(sanOf(pos, ballot.move))}
          <small>
            ${ballot.status === 'counted' ? w.vote.counted : html`${w.vote.received} ${byTransaction(state, act)}`}
          </small>
        </span>
      </p>
    `;
  }
  const { may, why } = mayVote(state);
  // The contract takes ballots a little longer than the server.
  const refused = proposal !== null && state.refused;
  if (!may && !refused) return html`<p class="lead">${why || w.vote.waiting}</p>`;
  if (proposal === null) {
    return html`
      <p class="lead">${w.vote.howTo}</p>
      <label class="check">
        <input
          type="checkbox"
          .checked=${live(state.direct)}
          @change=${(e: Event) => act.setDirect((e.target as HTMLInputElement).checked)}
        />
        ${w.vote.atOnce}
      </label>
    `;
  }
  return html`
    <div class="proposal">
      <button class="primary world" id="vote" ?disabled=${task !== null} @click=${() => act.vote()}>
        ${task ?? w.vote.vote(sanOf(pos, proposal))}
      </button>
      <button class="quiet" ?disabled=${task !== null} @click=${() => act.withdraw()}>${w.vote.takeBack}</button>
    </div>
    <p class="fine">
      ${refused ? html`${w.vote.refused} ${byTransaction(state, act)}` : w.vote.final}
    </p>
  `;
}

const byTransaction = ({ task }: State, act: Actions): Drawn => html`
  <button class="inline" ?disabled=${task !== null} @click=${() => act.voteByTransaction()}>
    ${task ?? w.vote.byTransaction}
  </button>
`;

// ------------------------------------------------------------------------------------------------------------ prove

function prove(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const fraction = game.proof !== null && game.proof.ply === game.ply ? game.proof.fraction : 0;
  return html`
    <p class="lead">
      ${game.mover === 'understudy' ? w.prove.standIn : w.prove.lead}
    </p>
    <progress class="wait" max="1" .value=${fraction} aria-label=${w.prove.label}></progress>
    <p class="fine">
      ${w.prove.anyone(period(game.terms.provingPeriod))}
    </p>
  `;
}

// ------------------------------------------------------------------------------------------------------------- over

function over(state: State, act: Actions): Drawn {
  const { game, account, wallet } = state;
  if (game === null) return nothing;
  const owed = BigInt(account?.owed ?? '0');
  const staked = BigInt(account?.stake ?? '0');
  const newest = state.games[0]?.id;
  const line =
    account === null || (staked === 0n && owed === 0n)
      ? html`<p class="fine">${wallet === null ? w.over.connect : w.over.noStake}</p>`
      : owed > 0n
        ? html`
            <p class="lead">${w.over.owes(coins(owed), staked > 0n ? coins(staked) : null)}</p>
            <button class="primary" id="claim" ?disabled=${state.task !== null} @click=${() => act.claim()}>
              ${state.task ?? w.over.claim(coins(owed))}
            </button>
          `
        : html`<p class="lead">${w.over.nothing(coins(staked))}</p>`;
  return html`
    <p class="result ${game.outcome ?? ''}">${resultText(game)}</p>
    ${line}
    ${
      newest !== undefined && newest > game.id
        ? html`<button class="quiet" @click=${() => act.selectGame(newest)}>${w.over.next(newest)}</button>`
        : nothing
    }
  `;
}
