// The page, drawn from the state.

import { makeSquare, squareFile, squareRank } from 'chessops/util';
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { ref } from 'lit-html/directives/ref.js';
import { coins, shortHex } from '../format.ts';
import { type Actions, mayVote, type State, shown } from '../state.ts';
import { action } from './action.ts';
import { type Drawn, icon, link } from './dom.ts';
import { moves, player, pools, selector } from './game.ts';
import { check, passport, proof, thinking } from './proof.ts';

export function page(state: State, act: Actions, mountBoard: (element: Element | undefined) => void): TemplateResult {
  const { game } = state;
  const flipped = state.flipped;
  return html`
    <a class="skip" href="#title-action">Skip to the vote</a>
    ${header(state, act)}
    <main class=${game === null ? 'absent' : ''}>
      <h1 class="sr">${game === null ? 'Proofmate' : `Game ${game.id}: the World against Leela`}</h1>
      <div class="board-side">
        ${player(state, flipped ? 'world' : 'leela')}
        <div class="board-frame">
          <div
            class="board"
            id="board"
            tabindex="0"
            role="application"
            aria-roledescription="chess board"
            aria-label="Board. Arrow keys move the cursor, Enter picks up a piece and puts it down, Escape lets go."
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
    ${footer(state)} ${toast(state, act)}
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
      ${config?.insecure ? html`<span class="chip warn" title="The setup was made from a known seed: whoever knows it can forge proofs. Local chains only.">insecure local setup</span>` : nothing}
      <span class="chip connection ${connection}" role="status">
        ${{ connecting: 'connecting', live: 'live', lost: 'reconnecting' }[connection]}
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
            ? 'Connect wallet'
            : html`<code>${shortHex(wallet.address)}</code><b>${balance === null ? '…' : `${coins(balance)} ETH`}</b>`
        }
      </button>
      <div class="wallet-list card" id="wallets" ?hidden=${!walletOpen}>
        <h2>Wallet</h2>
        ${
          config.local
            ? html`
                <button class="choice" aria-pressed=${wallet?.kind === 'burner'} @click=${() => act.useWallet('burner')}>
                  ${icon('M12 3c1 4 5 6 5 11a5 5 0 0 1-10 0c0-2 1-3 2-4 0 2 1 3 2 3 1-3-1-6 1-10z')}<span>Burner wallet<small>a key in this browser; its coins are worth nothing</small></span>
                </button>
              `
            : nothing
        }
        ${wallets.map(
          (w) => html`
            <button class="choice" aria-pressed=${wallet?.id === w.id} @click=${() => act.useWallet(w.id)}>
              ${w.icon === null ? icon('M4 7h16v12H4zM4 7l12-3v3M16 13h2') : html`<img class="icon" src=${w.icon} alt="" />`}
              <span>${w.name}<small>wallet extension</small></span>
            </button>
          `,
        )}
        ${wallets.length === 0 ? html`<p class="fine">No wallet extension announced itself (EIP-6963).</p>` : nothing}
        ${
          config.faucet && wallet !== null
            ? html`<button class="quiet" ?disabled=${state.task !== null} @click=${() => act.fund()}>Get test coins</button>`
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
      <p>${why ?? 'Loading the game…'}</p>
      ${
        why === null || newest === undefined
          ? nothing
          : html`<button class="quiet" @click=${() => act.selectGame(newest)}>Open game ${newest}</button>`
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
        aria-label="Promote on ${makeSquare(chosen.to)} to"
        @keydown=${(e: KeyboardEvent) => e.key === 'Escape' && act.promote(null)}
      >
        ${PROMOTIONS.map(
          (role) => html`
            <button
              class="cg-wrap"
              aria-label=${role}
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
        <label class="sr" for="typed">Move in letters</label>
        <input
          id="typed"
          placeholder=${may ? 'or type a move: Nf3, e2e4' : 'no vote to cast now'}
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          ?disabled=${!may}
          .value=${live(state.typed)}
          @input=${(e: Event) => act.typeMove((e.target as HTMLInputElement).value)}
        />
        <button class="quiet" ?disabled=${!may || state.typed.trim() === ''}>Play</button>
      </form>
      <button class="quiet back" ?hidden=${atLive} @click=${() => act.view(null)}>Back to live</button>
      <button class="quiet flip" aria-label="Flip the board" title="Flip the board" @click=${() => act.flip()}>${icon('M8 19V5M4 9l4-4 4 4M16 5v14M12 15l4 4 4-4')}</button>
    </div>
  `;
}

function toast(state: State, act: Actions): Drawn {
  const text = state.problem ?? state.notice;
  return html`
    <div class="toast ${state.problem === null ? 'notice' : 'problem'}" role="alert" ?hidden=${text === null}>
      <p>${text}</p>
      <button class="inline" aria-label="Dismiss" @click=${() => act.dismiss()}>✕</button>
    </div>
  `;
}

function footer(state: State): Drawn {
  return html`
    <footer class="page-bottom">
      <p>
        <b>Unaudited software.</b> Nobody has reviewed it for you: stake only what you can lose.
        ${state.config?.insecure ? 'This is a local demo with an insecure setup; its coins are worth nothing.' : nothing}
      </p>
      <p>
        ${link('/docs', 'API')} · ${state.game === null ? nothing : html`Game contract <code title=${state.game.contract}>${shortHex(state.game.contract)}</code> on chain ${state.game.chainId} · `}
        Chess pieces by Cburnett, GPL-2.0-or-later
      </p>
    </footer>
  `;
}
