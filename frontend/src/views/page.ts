// The page, drawn from the state.

import { makeSquare, squareFile, squareRank } from 'chessops/util';
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { ref } from 'lit-html/directives/ref.js';
import type { Actions } from '../actions/index.ts';
import { coins, shortHex } from '../format.ts';
import { mayVote, type State, shown } from '../state.ts';
import { LANGUAGES, type Language, w } from '../words/index.ts';
import { action } from './action.ts';
import { type Drawn, icon, link } from './dom.ts';
import { moves, player, pools, selector } from './game.ts';
import { check, passport, proof, thinking } from './proof.ts';

export function page(state: State, act: Actions, mountBoard: (element: Element | undefined) => void): TemplateResult {
  const { game } = state;
  const flipped = state.flipped;
  return html`
    <a class="skip" href="#title-action">${w.page.skip}</a>
    ${header(state, act)}
    <main class=${game === null ? 'absent' : ''}>
      <h1 class="sr">${game === null ? w.page.title : w.page.heading(game.id)}</h1>
      <div class="board-side">
        ${player(state, flipped ? 'world' : 'leela')}
        <div class="board-frame">
          <div
            class="board"
            id="board"
            tabindex="0"
            role="application"
            aria-roledescription=${w.board.role}
            aria-label=${w.board.label}
            @keydown=${(e: KeyboardEvent) => act.boardKey(e.key) && e.preventDefault()}
          >
            <div ${ref(mountBoard)}></div>
          </div>
          ${promotion(state, act)} ${game === null ? absent(state, act) : nothing}
        </div>
        ${player(state, flipped ? 'leela' : 'world')} ${boardControls(state, act)}
      </div>
      ${
        game === null
          ? nothing
          : html`
        <div class="right-side">${action(state, act)} ${proof(state, act)}</div>
        <div class="left-side">${pools(state)} ${moves(state, act)}</div>
        <div class="below">${thinking(state)} ${check(state, act)} ${passport(state)}</div>
      `
      }
    </main>
    ${footer(state, act)} ${toast(state, act)}
    <div class="sr" aria-live="polite" role="status">${state.said}</div>
  `;
}

function header(state: State, act: Actions): Drawn {
  const { config, connection } = state;
  return html`
    <header class="page-top">
      <a class="brand" href="/"><svg viewBox="0 0 32 32" aria-hidden="true"><use href="/favicon.svg#mark"></use></svg>Proofmate</a>
      ${selector(state, act)}
      <span class="spring"></span>
      ${config?.insecure ? html`<span class="chip warn" title=${w.page.insecureWhy}>${w.page.insecure}</span>` : nothing}
      <span class="chip connection ${connection}" role="status">
        ${w.page.connection[connection]}
      </span>
      ${walletMenu(state, act)}
    </header>
  `;
}

function walletMenu(state: State, act: Actions): Drawn {
  const { wallet, balance, config, wallets, walletOpen } = state;
  if (config === null) return nothing;
  return html`
    <div class="wallet">
      <button class="wallet-button" aria-expanded=${walletOpen} aria-controls="wallets" @click=${() => act.openWallets(!walletOpen)}>
        ${
          wallet === null
            ? w.wallet.connect
            : html`<code>${shortHex(wallet.address)}</code><b>${balance === null ? '…' : `${coins(balance)} ETH`}</b>`
        }
      </button>
      <div class="wallet-list card" id="wallets" ?hidden=${!walletOpen}>
        <h2>${w.wallet.title}</h2>
        ${
          config.local
            ? html`
                <button class="choice" aria-pressed=${wallet?.kind === 'burner'} @click=${() => act.useWallet('burner')}>
                  ${icon('M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3 2-4 0 2 1 3 2 3 1-3-1-6 1-10z')}<span>${w.wallet.browser}<small>${w.wallet.browserAbout}</small></span>
                </button>
              `
            : nothing
        }
        ${wallets.map(
          (announced) => html`
            <button class="choice" aria-pressed=${wallet?.id === announced.id} @click=${() => act.useWallet(announced.id)}>
              ${announced.icon === null ? icon('M4 7h16v12H4zM4 7l12-3v3M16 13h2') : html`<img class="icon" src=${announced.icon} alt="" />`}
              <span>${announced.name}<small>${w.wallet.extension}</small></span>
            </button>
          `,
        )}
        ${wallets.length === 0 ? html`<p class="fine">${w.wallet.none}</p>` : nothing}
        ${
          config.faucet && wallet !== null
            ? html`<button class="quiet" ?disabled=${state.task !== null} @click=${() => act.fund()}>${w.wallet.fund}</button>`
            : nothing
        }
      </div>
    </div>
  `;
}

function absent({ absent: why, games }: State, act: Actions): Drawn {
  const newest = games[0]?.id;
  return html`
    <div class="cover">
      <p>${why ?? w.page.loading}</p>
      ${
        why === null || newest === undefined
          ? nothing
          : html`<button class="quiet" @click=${() => act.selectGame(newest)}>${w.page.openGame(newest)}</button>`
      }
    </div>
  `;
}

const PROMOTIONS = ['queen', 'knight', 'rook', 'bishop'] as const;

function promotion(state: State, act: Actions): Drawn {
  const { promotion: chosen, game } = state;
  if (chosen === null || game === null) return nothing;
  const white = squareRank(chosen.to) === 7;
  const top = white === ((game.world === 'white') !== state.flipped);
  const file = squareFile(chosen.to);
  const column = (game.world === 'white') !== state.flipped ? file : 7 - file;
  return html`
    <div class="cover promoting" @click=${() => act.promote(null)}>
      <div
        class="promotion ${top ? 'downwards' : 'upwards'} column-${column}"
        role="dialog"
        aria-modal="true"
        aria-label=${w.board.promote(makeSquare(chosen.to))}
        @keydown=${(e: KeyboardEvent) => e.key === 'Escape' && act.promote(null)}
      >
        ${PROMOTIONS.map(
          (role) => html`
            <button
              class="cg-wrap"
              aria-label=${w.pieces[role]}
              @click=${(e: Event) => {
                e.stopPropagation();
                act.promote(role);
              }}
            >
              <piece class="${role} ${white ? 'white' : 'black'}"></piece>
            </button>
          `,
        )}
      </div>
    </div>
  `;
}

function boardControls(state: State, act: Actions): Drawn {
  if (state.game === null) return nothing;
  const { may } = mayVote(state);
  const { live: atLive } = shown(state);
  return html`
    <div class="board-controls">
      <form
        class="typed"
        @submit=${(e: Event) => {
          e.preventDefault();
          act.submitTyped();
        }}
      >
        <label class="sr" for="typed">${w.board.typeLabel}</label>
        <input
          id="typed"
          placeholder=${may ? w.board.typeHint : w.board.typeNothing}
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          ?disabled=${!may}
          .value=${live(state.typed)}
          @input=${(e: Event) => act.typeMove((e.target as HTMLInputElement).value)}
        />
        <button class="quiet" ?disabled=${!may || state.typed.trim() === ''}>${w.board.play}</button>
      </form>
      <button class="quiet back" ?hidden=${atLive} @click=${() => act.view(null)}>${w.board.live}</button>
      <button class="quiet flip" aria-label=${w.board.flip} title=${w.board.flip} @click=${() => act.flip()}>${icon('M8 19V5M4 9l4-4 4 4M16 5v14M12 15l4 4 4-4')}</button>
    </div>
  `;
}

function toast(state: State, act: Actions): Drawn {
  const text = state.problem ?? state.notice;
  return html`
    <div class="toast ${state.problem === null ? 'notice' : 'problem'}" role="alert" ?hidden=${text === null}>
      <p>${text}</p>
      <button class="inline" aria-label=${w.page.dismiss} @click=${() => act.dismiss()}>✕</button>
    </div>
  `;
}

function footer(state: State, act: Actions): Drawn {
  const { game, language } = state;
  return html`
    <footer class="page-bottom">
      <label class="language">
        <span>${w.page.language}</span>
        <select @change=${(e: Event) => act.setLanguage((e.target as HTMLSelectElement).value as Language)}>
          ${LANGUAGES.map(([code, name]) => html`<option value=${code} lang=${code} ?selected=${code === language}>${name}</option>`)}
        </select>
      </label>
      <p>
        ${w.page.unaudited}
        ${state.config?.insecure ? w.page.localDemo : nothing}
      </p>
      <p>
        ${link('/docs', 'API')} · ${game === null ? nothing : html`${w.page.contract(html`<code title=${game.contract}>${shortHex(game.contract)}</code>`, game.chainId)} · `}
        ${w.page.pieces}
      </p>
    </footer>
  `;
}
