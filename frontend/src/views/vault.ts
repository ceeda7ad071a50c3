// The vault's page: price with the network's view, holdings, the visitor's part, decisions with their proofs, the backtest.
// It is fetched with its words and styles when it is first opened.

import '../styles/vault.css';
import { html, nothing } from 'lit-html';
import type { Context } from '../actions/context.ts';
import { VaultDesk } from '../actions/vault.ts';
import { clock, grouped, percent } from '../format.ts';
import { chainNow, type State } from '../state.ts';
import {
  amount,
  type Backtest,
  type Decision,
  decisionPath,
  partOf,
  priceOf,
  SHARE_DECIMALS,
  tokens,
  type Vault,
  type VaultContract,
} from '../vault.ts';
import { DECISION_CHECKS } from '../vaultchecks.ts';
import { enVault, type VaultWords } from '../words/en.vault.ts';
import { zhVault } from '../words/zh.vault.ts';
import { card, type Drawn, link } from './dom.ts';
import { yours } from './vault-deal.ts';
import { coursePlot, pricePlot } from './vault-plots.ts';

/** Hours in the picture of prices: fewer on a narrow page. */
const hoursShown = () => (window.innerWidth < 600 ? 48 : 96);
/** Boundaries that a decision needs. */
const BOUNDARIES = 38;

const wordsOf = (state: State): VaultWords => (state.language === 'zh' ? zhVault : enVault);

/** The page, to be drawn, entered and left. */
export class VaultPage {
  private readonly desk: VaultDesk;

  constructor(context: Context) {
    this.desk = new VaultDesk(context, () => wordsOf(context.state()));
  }

  enter(): void {
    this.desk.enter();
  }

  leave(): void {
    this.desk.leave();
  }

  draw(state: State): Drawn {
    return page(state, this.desk);
  }
}

function page(state: State, desk: VaultDesk): Drawn {
  const words = wordsOf(state);
  const { contract, vault, absent } = desk.known;
  if (absent !== null && vault === null) {
    return html`
      <main id="main" class="list-page dead-end" tabindex="-1">
        <h1>${absent.none ? words.absent : words.unread}</h1>
        <p class="lead">${absent.none ? words.absentText : absent.why}</p>
        ${absent.none ? nothing : html`<button class="primary big" @click=${() => desk.enter()}>${words.retry}</button>`}
      </main>
    `;
  }
  return html`
    <main id="main" class="vault-page" tabindex="-1">
      <div class="intro">
        <h1>${words.title}</h1>
        <p class="lead">${words.lead}</p>
        <p class="honest">${words.honest}</p>
        <p class="fine">
          ${contract === null ? nothing : contract.localTokens ? words.playMoney : words.realMoney}
          ${contract === null || contract.hourSeconds === 3600 ? nothing : words.hoursShort(contract.hourSeconds)}
        </p>
      </div>
      ${
        contract === null || vault === null
          ? ['price', 'holdings', 'yours', 'decisions', 'backtest'].map(
              (name) => html`<section class="card ${name} skeleton" aria-hidden="true"></section>`,
            )
          : html`
              ${prices(state, contract, vault)} ${holdings(words, contract, vault)}
              ${yours(words, state, desk, contract, vault)} ${decisions(state, desk, contract, vault)} ${backtest(state, desk)}
            `
      }
    </main>
  `;
}

/** What a decision of a bucket does, in words. */
function does(words: VaultWords, bucket: number, contract: VaultContract): string {
  const part = partOf(bucket);
  if (part === 0) return words.does.holds;
  const share = `${Math.abs(part) / 100}%`;
  return part > 0 ? words.does.buys(share, contract.quote.symbol) : words.does.sells(share, contract.base.symbol);
}

// ------------------------------------------------------------------------------------------------------------- price

function prices(state: State, contract: VaultContract, vault: Vault): Drawn {
  const words = wordsOf(state);
  const money = (value: number) => `${grouped2(value)} ${contract.quote.symbol}`;
  const now = chainNow(state);
  const left = contract.hourSeconds - (now % contract.hourSeconds);
  const present = vault.hours.at(-1);
  const view = vault.hours.findLast(({ bucket }) => bucket !== null);
  const decided = new Set(vault.decisions.map(({ hour }) => hour));
  const missing = present === undefined || present.bucket === null ? missingHours(vault) : 0;
  return card(
    'price',
    words.price.title,
    html`
      <dl class="figures">
        <div><dt>${words.price.now}</dt><dd>${money(priceOf(vault.tick, contract))}</dd></div>
        <div><dt>${words.price.view}</dt><dd>${present?.bucket == null ? '–' : viewOf(words, present.bucket)}</dd></div>
        <div><dt>${words.price.hour}</dt><dd class="clock">${clock(left)}</dd></div>
      </dl>
      ${pricePlot(vault.hours.slice(-hoursShown()), (tick) => priceOf(tick, contract), decided, {
        picture: (low, high) => words.price.picture(hoursShown(), low, high),
        none: words.price.none,
        price: money,
      })}
      <p class="keys">
        <span class="key up">${words.price.rises}</span><span class="key down">${words.price.falls}</span>
        <span class="key still">${words.price.still}</span><span class="key decided">${words.price.decided}</span>
      </p>
      <p class="fine">${words.price.about}</p>
      ${missing > 0 && view === undefined ? html`<p class="fine warn">${words.price.missing(missing)}</p>` : nothing}
      ${vault.proof === null ? nothing : html`<p class="fine">${words.price.proving(percent(vault.proof.fraction))}</p><progress max="1" .value=${vault.proof.fraction} aria-label=${words.price.title}></progress>`}
    `,
  );
}

/** How many of the 37 hours before this one are not known. */
function missingHours(vault: Vault): number {
  return vault.hours.slice(-BOUNDARIES, -1).filter(({ tick }) => tick === null).length;
}

function viewOf(words: VaultWords, bucket: number): string {
  const part = partOf(bucket);
  return part === 0 ? words.price.still : part > 0 ? words.price.rises : words.price.falls;
}

/** A price with two digits after the point, or more if it is small. */
function grouped2(value: number): string {
  const digits = value >= 1 ? 2 : 6;
  const [whole = '', rest = ''] = value.toFixed(digits).split('.');
  return `${grouped(Number(whole))}.${rest}`;
}

// ---------------------------------------------------------------------------------------------------------- holdings

function holdings(words: VaultWords, contract: VaultContract, vault: Vault): Drawn {
  const { base, quote } = contract;
  const price = priceOf(vault.tick, contract);
  const worth = (Number(vault.base) / 10 ** base.decimals) * price + Number(vault.quote) / 10 ** quote.decimals;
  const inBase = worth === 0 ? 0 : ((Number(vault.base) / 10 ** base.decimals) * price) / worth;
  return card(
    'holdings',
    words.holdings.title,
    html`
      <dl class="amounts">
        <div><dt>${base.symbol}</dt><dd>${amount(vault.base, base.decimals)}</dd></div>
        <div><dt>${quote.symbol}</dt><dd>${amount(vault.quote, quote.decimals, 2)}</dd></div>
        <div><dt>${words.holdings.shares}</dt><dd>${amount(vault.shares, SHARE_DECIMALS, 2)}</dd></div>
      </dl>
      <p class="fine">${words.holdings.worth(grouped(worth), quote.symbol)} (${base.symbol} ${percent(inBase)})</p>
      <p class="fine">${words.holdings.counts(vault.deposits, vault.redemptions, vault.decided)}</p>
      <p class="fine"><code title=${contract.address}>${contract.address}</code></p>
    `,
  );
}

// --------------------------------------------------------------------------------------------------------- decisions

function decisions(state: State, desk: VaultDesk, contract: VaultContract, vault: Vault): Drawn {
  const words = wordsOf(state);
  const shown = vault.decisions.slice(0, desk.known.shown);
  const more = vault.decisions.length - shown.length;
  return card(
    'decisions',
    words.decisions.title,
    html`
      ${shown.length === 0 ? html`<p class="none">${words.decisions.none}</p>` : nothing}
      <ol class="decided-list">${shown.map((decision) => row(state, desk, contract, decision))}</ol>
      ${more > 0 ? html`<button class="quiet" @click=${() => desk.tell({ shown: desk.known.shown + 12 })}>${words.decisions.more(more)}</button>` : nothing}
    `,
  );
}

function row(state: State, desk: VaultDesk, contract: VaultContract, decision: Decision): Drawn {
  const words = wordsOf(state);
  const { base, quote } = contract;
  const { check } = desk.known;
  const part = partOf(decision.bucket);
  const [gotBase, gotQuote] = [BigInt(decision.base), BigInt(decision.quote)];
  const traded = gotBase !== 0n;
  const [got, gave] =
    gotBase > 0n
      ? [tokens(gotBase, base), tokens(-gotQuote, quote, 2)]
      : [tokens(gotQuote, quote, 2), tokens(-gotBase, base)];
  const here = check?.hour === decision.hour ? check : null;
  return html`
    <li class=${part === 0 ? 'still' : part > 0 ? 'up' : 'down'}>
      <time datetime=${new Date(decision.time * 1000).toISOString()}>${time(state, decision.time)}</time>
      <span class="about">
        <b>${does(words, decision.bucket, contract)}</b>
        ${part === 0 ? nothing : html`<span>${traded ? words.decisions.got(got, gave) : words.decisions.filledNothing}</span>`}
        <small>
          ${decision.reward === '0' ? nothing : `${words.decisions.reward(tokens(decision.reward, quote, 2))}, `}${words.decisions.block(decision.block, grouped(decision.gas))}
        </small>
      </span>
      <span class="ways">
        <button class="quiet" ?disabled=${check?.running === true} @click=${() => desk.check(decision)}>${here?.running ? words.decisions.checking : words.decisions.check}</button>
        ${link(decisionPath(decision.hour), words.decisions.proof)}
      </span>
      ${here === null ? nothing : findings(words, here)}
    </li>
  `;
}

function findings(words: VaultWords, check: NonNullable<VaultDesk['known']['check']>): Drawn {
  const done = !check.running && check.problem === null;
  const good = check.findings.every(({ passed }) => passed);
  return html`
    <div class="findings" role="status">
      <h3>${words.check.title}</h3>
      <ol>
        ${check.findings.map(
          ({ passed, detail }, i) => html`
            <li class=${passed ? 'passed' : 'failed'}>
              <b>${passed ? words.check.passed : words.check.failed}</b>
              ${words.check.names[DECISION_CHECKS[i] ?? 'best']} <small>${detail}</small>
            </li>
          `,
        )}
      </ol>
      ${check.problem === null ? nothing : html`<p class="problem">${check.problem}</p>`}
      ${done ? html`<p><b class=${good ? 'good' : 'problem'}>${good ? words.check.all : words.check.notAll}</b></p>` : nothing}
    </div>
  `;
}

function time(state: State, seconds: number): string {
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  const date = new Date(seconds * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const day = { month: 'short', day: 'numeric' } as const;
  return date.toLocaleString(state.language === 'zh' ? 'zh-CN' : 'en-GB', today ? options : { ...day, ...options });
}

// ---------------------------------------------------------------------------------------------------------- backtest

function backtest(state: State, desk: VaultDesk): Drawn {
  const words = wordsOf(state);
  const { network } = desk.known;
  const test = network?.out_of_sample as unknown as Backtest | undefined;
  if (test?.course === undefined || test.course.length < 2) {
    return card('backtest', words.backtest.title, html`<p class="none">${words.backtest.none}</p>`);
  }
  const [vault, holding] = [test.vault.toFixed(2), test.holding.toFixed(2)];
  const locale = state.language === 'zh' ? 'zh-CN' : 'en-GB';
  const date = (seconds: number) =>
    new Date(seconds * 1000).toLocaleDateString(locale, { year: 'numeric', month: 'short' });
  const share = (value: number) => `${(100 * value).toFixed(1)}%`;
  return card(
    'backtest',
    words.backtest.title,
    html`
      <p class="fine">${words.backtest.about(grouped(test.examples))}</p>
      ${coursePlot(test.course, words.backtest.picture(vault, holding), date)}
      <p class="keys">
        <span class="key trading">${words.backtest.ends(words.backtest.vault, vault)}</span>
        <span class="key holding">${words.backtest.ends(words.backtest.holding, holding)}</span>
      </p>
      <p>${words.backtest.sign(share(test.sign), share(2 * test.sign_error))}</p>
      <p class="fine">${words.backtest.made} ${link('/api/v1/vault/network', words.backtest.passport)}</p>
    `,
  );
}
