// Before the game: choosing a side and staking on it.

import { html, nothing } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Actions } from '../actions/index.ts';
import { coins, parseCoins } from '../format.ts';
import { accountOf, mayLeave, type State } from '../state.ts';
import { w } from '../words/index.ts';
import type { Drawn } from './dom.ts';
import { outcomes } from './position.ts';

/** Why an amount cannot be staked; null if it can. */
function trouble(state: State, wei: bigint | null): string | null {
  const { game, amount, balance } = state;
  const least = BigInt(game?.terms.minStake ?? 0);
  if (amount.trim() === '') return w.lobby.typeAmount;
  if (wei === null) return w.lobby.noAmount;
  if (wei < least) return w.lobby.least(coins(least));
  return balance !== null && wei >= balance ? w.lobby.tooMuch : null;
}

export function lobby(state: State, act: Actions): Drawn {
  const { game, wallet, task } = state;
  if (game === null) return nothing;
  const account = accountOf(state);
  const staked = account?.side ?? null;
  const side = staked ?? state.side;
  const wei = parseCoins(state.amount);
  const problem = trouble(state, wei);
  const starts = game.terms.lobbyPeriod === 0 ? w.lobby.begins : w.lobby.until;
  const before = BigInt(account?.stake ?? 0);
  return html`
    <p class="lead">${staked === null ? w.lobby.choose(starts) : w.lobby.staked(coins(before), staked, starts)}</p>
    <form
      class="stake"
      id="stake"
      @submit=${(e: Event) => {
        e.preventDefault();
        if (problem === null) act.stake();
      }}
    >
      <fieldset class="sides" ?disabled=${task !== null}>
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
        <span>${staked === null ? w.lobby.stake : w.lobby.add}</span>
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
      <div id="stake-hint" class="hint">
        ${problem === null && wei !== null ? outcomes(state, side, before, wei) : html`<p class="problem">${problem}</p>`}
      </div>
    </form>
    ${
      staked !== null && mayLeave(state)
        ? html`<button class="quiet" ?disabled=${task !== null} @click=${() => act.unstake()}>${w.lobby.takeBack}</button>`
        : nothing
    }
    <div class="bar">
      <button class="primary ${side}" form="stake" ?disabled=${problem !== null || task !== null || wallet === null}>
        ${task ?? (wallet === null ? w.wallet.first : wei === null ? w.lobby.stakeOn(side) : `${w.lobby.stakeOn(side)} · ${coins(wei)} ETH`)}
      </button>
    </div>
  `;
}
