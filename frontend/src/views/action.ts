// What can be done now: stake, wait for the draw, vote, watch the network move, collect.

import { html, nothing } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { clock, coins, parseCoins, percent, period, times } from '../format.ts';
import { after, multiple, payout } from '../payout.ts';
import { position, sanOf } from '../position.ts';
import { type Actions, mayVote, overdue, ownBallot, resultText, type State, secondsLeft, stakesOf } from '../state.ts';
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
  const titles = {
    lobby: 'The lobby is open',
    drawn: 'The opening is drawn',
    vote: 'The World votes',
    prove: game.mover === 'understudy' ? 'The understudy moves' : 'Leela moves',
    over: 'The game is over',
  };
  const left = game.state === 'over' || game.state === 'drawn' ? null : secondsLeft(state, game.deadline);
  const aside =
    left === null || (game.state === 'prove' && left > 86_400)
      ? nothing
      : html`<span class="clock ${left < 15 ? 'short' : ''}" role="timer" aria-label="Time left">${clock(left)}</span>`;
  return card('action', titles[game.state], html`${body}${late(state, act)}${receipt(state, act)}`, aside);
}

function late(state: State, act: Actions): Drawn {
  const call = overdue(state);
  if (call === null) return nothing;
  const [why, label] = {
    closeLobby: ['The lobby’s time has passed. Anyone may close it.', 'Close the lobby'],
    begin: ['The block that draws the opening should have come. Anyone may begin the game.', 'Begin the game'],
    closeVote: ['The vote’s time has passed. Anyone may close it.', 'Close the vote'],
    voidGame: ['No proven move came in time. Anyone may void the game; every stake returns.', 'Void the game'],
  }[call] as [string, string];
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
  const { ply, move } = kept.ballot;
  return html`
    <p class="fine">
      Your last ballot, ${move} at ply ${ply}:
      <button class="inline" @click=${() => act.saveReceipt()}>save the relay’s receipt</button>
    </p>
  `;
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
      ? 'Type an amount.'
      : wei === null
        ? 'This is not an amount.'
        : wei < least
          ? `The least stake is ${coins(least)} ETH.`
          : tooMuch
            ? 'Your wallet does not hold this much (keep a little for gas).'
            : null;
  const starts =
    game.terms.lobbyPeriod === 0
      ? 'The game begins as soon as somebody has staked on the World.'
      : 'Stakes are taken until the lobby closes.';
  return html`
    <p class="lead">
      ${
        staked === null
          ? html`Choose a side. ${starts}`
          : html`You staked <b>${coins(account?.stake ?? '0')} ETH</b> on <b>${sideName(staked)}</b>. ${starts}`
      }
    </p>
    <form
      class="stake"
      @submit=${(e: Event) => {
        e.preventDefault();
        if (problem === null) act.stake();
      }}
    >
      <fieldset class="sides" ?disabled=${state.task !== null}>
        <legend class="sr">Side</legend>
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
              <span><b>${s === 'world' ? 'World' : 'Leela'}</b><small>${s === 'world' ? 'you vote' : 'no vote'}</small></span>
            </label>
          `,
        )}
      </fieldset>
      <label class="amount">
        <span>Stake</span>
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
        ${state.task ?? (state.wallet === null ? 'Connect a wallet first' : `Stake on ${sideName(side)}`)}
      </button>
    </form>
  `;
}

const sideName = (side: 'world' | 'leela') => (side === 'world' ? 'the World' : 'Leela');

function outlook(state: State, side: 'world' | 'leela', wei: bigint): Drawn {
  if (state.game === null) return nothing;
  const pools = after(stakesOf(state.game), side, wei);
  const other = side === 'world' ? 'leela' : 'world';
  const win = payout(pools, side, wei, side);
  const lose = payout(pools, side, wei, other);
  const upper = (s: 'world' | 'leela') => (s === 'world' ? 'The World' : 'Leela');
  return html`
    <dl class="outlook" id="stake-hint">
    <div><dt>${upper(side)} wins</dt><dd>${coins(win)} ETH <em>${times(multiple(pools, side))}</em></dd></div>
    <div><dt>${upper(other)} wins</dt><dd>${coins(lose)} ETH</dd></div>
    <div><dt>Draw or void</dt><dd>${coins(wei)} ETH</dd></div>
    </dl>
  `;
}

// ------------------------------------------------------------------------------------------------------------- draw

const drawn = (): Drawn => html`
  <p class="lead">
    The lobby is closed. The hash of a block that was fixed by closing it picks the opening from the book on chain, so
    nobody can choose it and nobody who stakes can know it.
  </p>
  <progress class="wait" aria-label="Waiting for the block"></progress>
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
    <h3 id="candidates">Candidates</h3>
    <ol class="candidates" aria-labelledby="candidates">
      ${
        game.vote.candidates.length === 0
          ? html`<li class="none">No ballot is counted yet.</li>`
          : game.vote.candidates.map(
              (c) => html`
                <li class=${c.move === game.vote?.leader ? 'leader' : ''} ${share(part(c.weight))}>
                  <b>${c.san ?? c.move}</b>
                  <span>${coins(c.weight)} ETH · ${c.ballots} ${c.ballots === 1 ? 'ballot' : 'ballots'}</span>
                  <em>${percent(part(c.weight))}</em>
                </li>
              `,
            )
      }
    </ol>
    <p class="fine">
      ${percent(cast)} of the World’s weight has voted${
        game.vote.pending > 0 ? html`, ${game.vote.pending} more on the way` : nothing
      }.
      ${
        game.terms.quorum > 0
          ? html`The leader needs ${percent(game.terms.quorum / 10_000)}, else the understudy moves.`
          : nothing
      }
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
          Your ballot: <b>${sanOf(pos, ballot.move)}</b>
          <small>
            ${
              ballot.status === 'counted'
                ? 'Counted on the chain.'
                : html`Received; counted when it is on the chain. ${byTransaction(state, act)}`
            }
          </small>
        </span>
      </p>
    `;
  }
  const { may, why } = mayVote(state);
  // The contract takes ballots a little longer than the server.
  const refused = proposal !== null && state.refused;
  if (!may && !refused) return html`<p class="lead">${why || 'Waiting for the chain.'}</p>`;
  if (proposal === null) {
    return html`
      <p class="lead">Play a move on the board: that is your vote.</p>
      <label class="check">
        <input
          type="checkbox"
          .checked=${live(state.direct)}
          @change=${(e: Event) => act.setDirect((e.target as HTMLInputElement).checked)}
        />
        Vote at once, without asking again
      </label>
    `;
  }
  return html`
    <div class="proposal">
      <button class="primary world" id="vote" ?disabled=${task !== null} @click=${() => act.vote()}>
        ${task ?? html`Vote <b>${sanOf(pos, proposal)}</b>`}
      </button>
      <button class="quiet" ?disabled=${task !== null} @click=${() => act.withdraw()}>Take back</button>
    </div>
    <p class="fine">
      ${refused ? html`The relay may not carry this ballot; your account can. ${byTransaction(state, act)}` : 'A ballot is final.'}
    </p>
  `;
}

const byTransaction = ({ task }: State, act: Actions): Drawn => html`
  <button class="inline" ?disabled=${task !== null} @click=${() => act.voteByTransaction()}>
    ${task ?? 'Vote by transaction'}
  </button>
`;

// ------------------------------------------------------------------------------------------------------------ prove

function prove(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const fraction = game.proof !== null && game.proof.ply === game.ply ? game.proof.fraction : 0;
  return html`
    <p class="lead">
      ${
        game.mover === 'understudy'
          ? 'The vote’s leader lacked the quorum, so the same network moves for the World, proven like its own moves.'
          : 'The network has chosen its move. The chain plays it once a proof shows that it is the best legal move by the network’s own scores.'
      }
    </p>
    <progress class="wait" max="1" .value=${fraction} aria-label="Proof"></progress>
    <p class="fine">
      Anyone may prove this move. Without a proof for ${period(game.terms.provingPeriod)}, the game can be voided and every
      stake returns.
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
      ? html`<p class="fine">${wallet === null ? 'Connect a wallet to see what you are owed.' : 'You had no stake in this game.'}</p>`
      : owed > 0n
        ? html`
            <p class="lead">This game owes you <b>${coins(owed)} ETH</b>${staked > 0n ? html` (you staked ${coins(staked)})` : nothing}.</p>
            <button class="primary" id="claim" ?disabled=${state.task !== null} @click=${() => act.claim()}>
              ${state.task ?? html`Claim <b>${coins(owed)} ETH</b>`}
            </button>
          `
        : html`<p class="lead">You staked ${coins(staked)} ETH. Nothing is owed to you any more.</p>`;
  return html`
    <p class="result ${game.outcome ?? ''}">${resultText(game)}</p>
    ${line}
    ${
      newest !== undefined && newest > game.id
        ? html`<button class="quiet" @click=${() => act.selectGame(newest)}>Go to game ${newest}</button>`
        : nothing
    }
  `;
}
