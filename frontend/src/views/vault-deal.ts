// The visitor's part of the vault: what is theirs, and the forms to deposit and to redeem.

import { html, nothing } from 'lit-html';
import type { VaultDesk } from '../actions/vault.ts';
import { percent } from '../format.ts';
import type { State } from '../state.ts';
import {
  amount,
  parseAmount,
  priceOfShares,
  SHARE_DECIMALS,
  sharesFor,
  tokens,
  type Vault,
  type VaultContract,
  worthOfShares,
} from '../vault.ts';
import type { VaultWords } from '../words/en.vault.ts';
import { card, type Drawn } from './dom.ts';

/** What the visitor has in the vault and in the wallet, and the ways in and out. */
export function yours(all: VaultWords, state: State, desk: VaultDesk, contract: VaultContract, vault: Vault): Drawn {
  const words = all.yours;
  const { wallet, task } = state;
  const { base, quote, localTokens } = contract;
  const purse = desk.known.purse?.owner === wallet?.address ? (desk.known.purse?.is ?? null) : null;
  if (wallet === null) {
    return card(
      'yours',
      words.title,
      html`<p>${words.connect}</p><button class="primary" popovertarget="wallets">${words.choose}</button>`,
    );
  }
  if (purse === null) return card('yours', words.title, html`<p class="none">${all.loading}</p>`);
  const worth = worthOfShares(vault, purse.shares);
  const part = Number((purse.shares * 1_000_000n) / (BigInt(vault.shares) || 1n)) / 1_000_000;
  const busy = task !== null;
  return card(
    'yours',
    words.title,
    html`
      ${
        purse.shares === 0n
          ? html`<p>${words.none}</p>`
          : html`<p><b>${words.shares(amount(purse.shares, SHARE_DECIMALS, 2), percent(part))}</b> ${words.redeems(tokens(worth.base, base), tokens(worth.quote, quote, 2))}</p>`
      }
      <p class="fine">${words.purse(tokens(purse.base, base), tokens(purse.quote, quote, 2))}</p>
      ${localTokens ? html`<button class="quiet" id="vault-fund" ?disabled=${busy} @click=${() => desk.fund()}>${words.fund}</button>` : nothing}
      ${depositForm(words, state, desk, contract, vault)} ${redeemForm(words, state, desk, contract, vault)}
      ${
        purse.owedBase + purse.owedQuote === 0n
          ? nothing
          : html`<p>${words.owed(tokens(purse.owedBase, base), tokens(purse.owedQuote, quote, 2))}</p><button class="primary" ?disabled=${busy} @click=${() => desk.claim()}>${words.claim}</button>`
      }
    `,
  );
}

function depositForm(
  words: VaultWords['yours'],
  state: State,
  desk: VaultDesk,
  contract: VaultContract,
  vault: Vault,
): Drawn {
  const purse = desk.known.purse?.is;
  const { base, quote } = contract;
  const empty = BigInt(vault.shares) === 0n;
  const byQuote = !empty && BigInt(vault.base) === 0n;
  const typed = parseAmount(desk.known.deposit, byQuote ? quote.decimals : base.decimals);
  const typedQuote = empty ? parseAmount(desk.known.depositQuote, quote.decimals) : 0n;
  const shares = typed === null ? 0n : empty ? BigInt(contract.firstShares) : sharesFor(vault, typed);
  const first = empty && typed !== null && typedQuote !== null ? { base: typed, quote: typedQuote } : null;
  const needs = typed === null ? null : empty ? first : priceOfShares(vault, shares);
  const rich = purse !== undefined && needs !== null && needs.base <= purse.base && needs.quote <= purse.quote;
  const ready = needs !== null && shares > 0n && rich && state.task === null;
  return html`
    <form class="deal" @submit=${(event: Event) => {
      event.preventDefault();
      if (ready) desk.deposit(empty ? 0n : shares, first);
    }}>
      <label for="vault-deposit">${words.depositLabel(byQuote ? quote.symbol : base.symbol)}</label>
      <input
        id="vault-deposit"
        inputmode="decimal"
        autocomplete="off"
        .value=${desk.known.deposit}
        aria-invalid=${needs === null}
        aria-describedby="vault-deposit-about"
        @input=${(event: Event) => desk.tell({ deposit: (event.target as HTMLInputElement).value })}
      />
      ${
        empty
          ? html`
              <label for="vault-deposit-quote">${words.depositLabel(quote.symbol)}</label>
              <input
                id="vault-deposit-quote"
                inputmode="decimal"
                autocomplete="off"
                .value=${desk.known.depositQuote}
                @input=${(event: Event) => desk.tell({ depositQuote: (event.target as HTMLInputElement).value })}
              />
            `
          : nothing
      }
      <button class="primary" id="vault-deposit-button" ?disabled=${!ready}>${state.task ?? words.deposit}</button>
      <p class="fine" id="vault-deposit-about">
        ${
          needs === null
            ? words.badAmount
            : html`${words.needs(tokens(needs.base, base), tokens(needs.quote, quote, 2))} ${words.gets(amount(shares, SHARE_DECIMALS, 2))} ${rich ? nothing : html`<b class="warn">${words.tooMuch}</b>`}`
        }
      </p>
    </form>
  `;
}

function redeemForm(
  words: VaultWords['yours'],
  state: State,
  desk: VaultDesk,
  contract: VaultContract,
  vault: Vault,
): Drawn {
  const purse = desk.known.purse?.is;
  if (purse === undefined || purse.shares === 0n) return nothing;
  const all = desk.known.redeem === words.all;
  const shares = all ? purse.shares : parseAmount(desk.known.redeem, SHARE_DECIMALS);
  const valid = shares !== null && shares <= purse.shares;
  const worth = valid ? worthOfShares(vault, shares) : null;
  return html`
    <form class="deal" @submit=${(event: Event) => {
      event.preventDefault();
      if (valid && state.task === null) desk.redeem(shares);
    }}>
      <label for="vault-redeem">${words.redeemLabel}</label>
      <span class="with-all">
        <input
          id="vault-redeem"
          inputmode="decimal"
          autocomplete="off"
          .value=${desk.known.redeem}
          aria-invalid=${desk.known.redeem !== '' && !valid}
          @input=${(event: Event) => desk.tell({ redeem: (event.target as HTMLInputElement).value })}
        />
        <button type="button" class="quiet" @click=${() => desk.tell({ redeem: words.all })}>${words.all}</button>
      </span>
      <button class="primary" id="vault-redeem-button" ?disabled=${!valid || state.task !== null}>${words.redeem}</button>
      ${worth === null ? nothing : html`<p class="fine">${words.redeems(tokens(worth.base, contract.base), tokens(worth.quote, contract.quote, 2))}</p>`}
    </form>
  `;
}
