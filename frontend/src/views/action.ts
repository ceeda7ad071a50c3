// What can be done now: stake, wait for the draw, vote, watch the network move, collect.

import { html, nothing } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Actions } from '../actions/index.ts';
import { clock, coins, percent, period } from '../format.ts';
import { position, sanOf } from '../position.ts';
import { pathOf } from '../route.ts';
import { accountOf, holdingOf, mayVote, overdue, ownBallot, resultText, type State, secondsLeft } from '../state.ts';
import { w } from '../words/index.ts';
import { candidateList, chosen, lastCandidates, lastResult } from './crowd.ts';
import { card, type Drawn } from './dom.ts';
import { gameToEnter } from './front.ts';
import { lobby } from './lobby.ts';

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
  const left = bindingSeconds(state);
  const aside =
    left === null
      ? nothing
      : html`<span class="clock ${left < 15 ? 'short' : ''}" role="timer" aria-label=${w.action.timeLeft}>${clock(left)}</span>`;
  return card('action', title, html`${body}${late(state, act)}${receipt(state, act)}`, aside);
}

/** The seconds left to do something here: until the lobby closes, or until the server takes no more votes. */
export function bindingSeconds(state: State): number | null {
  const { game } = state;
  if (game?.state === 'lobby') return secondsLeft(state, game.deadline);
  return game?.state === 'vote' ? secondsLeft(state, game.ballotsUntil) : null;
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
    ${lastResult(state)}
    <div class="own bar">${own(state, act)}</div>
    ${candidateList(game.vote.candidates, game.pools.world, game.vote.leader, w.vote.candidates)}
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
  if (!may && !refused) {
    const holding = holdingOf(state);
    // No verdict before the wallet and the account are known.
    const known = holding.is === 'known' || (holding.is === 'absent' && state.walletsKnown);
    return html`<div class="spectator"><p class="lead">${known ? why || w.vote.waiting : w.position.asking}</p>${known ? joinNext(state) : nothing}</div>`;
  }

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

/** For who has no vote in this game: the one that can be joined. */
function joinNext(state: State): Drawn {
  const open = state.games?.find((g) => g.state === 'lobby');
  if (open === undefined || accountOf(state)?.side != null) return nothing;
  return html`<a class="primary" href=${pathOf({ page: 'game', game: open.id })}>${w.vote.join(open.id)}</a>`;
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
    ${lastResult(state)} ${lastCandidates(state)} ${chosen(state)}
    ${game.mover === 'understudy' ? html`<p class="fine">${w.prove.standIn}</p>` : nothing}
    <progress class="wait" max="1" .value=${fraction} aria-label=${w.prove.label}></progress>
    <p class="fine">
      ${w.prove.anyone(period(game.terms.provingPeriod))}
    </p>
  `;
}

// ------------------------------------------------------------------------------------------------------------- over

function over(state: State, act: Actions): Drawn {
  const { game, games } = state;
  if (game === null) return nothing;
  const next = gameToEnter((games ?? []).filter((g) => g.id > game.id || g.state === 'lobby'));
  return html`
    ${lastResult(state)}
    <p class="result ${game.outcome ?? ''}">${resultText(game)}</p>
    <div class="bar ends">${settlement(state, act)}
    ${
      next === null || next.id === game.id
        ? html`<a class="quiet" href="/">${w.over.more}</a>`
        : html`<a class="quiet" id="next" href=${pathOf({ page: 'game', game: next.id })}>${w.over.next(next.id)}</a>`
    }</div>
  `;
}

/** What the end means to this account. No verdict is told before the account is as new as the game. */
function settlement(state: State, act: Actions): Drawn {
  const { game, wallet } = state;
  const holding = holdingOf(state);
  if (game === null || wallet === null) return html`<p class="fine">${w.over.connect}</p>`;
  if (holding.is !== 'known' || !holding.current) return html`<p class="fine">${w.over.asking}</p>`;
  const owed = BigInt(holding.account.owed);
  if (owed > 0n) {
    return html`
      <button class="primary" id="claim" ?disabled=${state.task !== null} @click=${() => act.claim(game.id, holding.account.owed)}>
        ${state.task ?? w.over.claim(coins(owed))}
      </button>
    `;
  }
  return html`<p class="fine">${BigInt(holding.account.stake) === 0n ? w.over.noStake : w.over.settled}</p>`;
}
