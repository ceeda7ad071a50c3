// The page, drawn from the state.

import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { Actions } from '../actions/index.ts';
import { shortHex } from '../format.ts';
import { pathOf } from '../route.ts';
import type { State } from '../state.ts';
import { w } from '../words/index.ts';
import { action } from './action.ts';
import { controls } from './controls.ts';
import { crowd } from './crowd.ts';
import { type Drawn, icon, link } from './dom.ts';
import { front } from './front.ts';
import { moves, player, pools } from './game.ts';
import { overBoard } from './ghost.ts';
import { header } from './header.ts';
import { mine } from './mine.ts';
import { pairing } from './pairing.ts';
import { absentGame, glossary, missing } from './plain.ts';
import { myPosition } from './position.ts';
import { promotion } from './promotion.ts';
import { check, passport, proof, thinking } from './proof.ts';

export function page(state: State, act: Actions, mountBoard: (element: Element | undefined) => void): TemplateResult {
  return html`
    <a class="skip" href="#main">${w.page.skip}</a>
    ${header(state, act)} ${body(state, act, mountBoard)} ${footer(state)} ${toast(state, act)} ${pairing(state)}
    <div class="sr" aria-live="polite" role="status">${state.said}</div>
  `;
}

function body(state: State, act: Actions, mountBoard: (element: Element | undefined) => void): Drawn {
  const { route, game } = state;
  switch (route.page) {
    case 'front':
      return front(state);
    case 'mine':
      return mine(state, act);
    case 'glossary':
      return glossary();
    case 'vault':
      return html`${state.vault?.draw(state) ?? html`<main id="main" class="list-page" tabindex="-1"><p class="lead">${w.page.loading}</p></main>`}`;
    case 'missing':
      return missing(state);
    case 'game':
      return game === null && state.absent !== null
        ? absentGame(state, act, route.game)
        : table(state, act, route.game, mountBoard);
  }
}

/** The page of a game; before its document is there, the same in grey and of the same size. */
function table(state: State, act: Actions, number: number, mountBoard: (element: Element | undefined) => void): Drawn {
  const { game, flipped } = state;
  return html`
    <main class="game-page" id="main" tabindex="-1">
      <h1 class="sr">${w.page.heading(number)}</h1>
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
          ${overBoard(state)} ${promotion(state, act)}
        </div>
        ${player(state, flipped ? 'leela' : 'world')} ${controls(state, act)}
      </div>
      ${
        game === null
          ? html`
              <div class="right-side">${skeleton('action', html`<div class="bar"></div>`)} ${skeleton('proof')}</div>
              <div class="left-side">${skeleton('moves')} ${skeleton('position')} ${skeleton('pools')}</div>
              <div class="below">${skeleton('thinking')} ${skeleton('check')} ${skeleton('passport')}</div>
            `
          : html`
              <div class="right-side">${action(state, act)} ${proof(state, act)} ${crowd(state)}</div>
              <div class="left-side">${moves(state, act)} ${myPosition(state)} ${pools(state)}</div>
              <div class="below">${thinking(state)} ${check(state, act)} ${state.passport === null ? skeleton('passport') : passport(state)}</div>
            `
      }
    </main>
  `;
}

const skeleton = (name: string, inside: Drawn = nothing): Drawn =>
  html`<section class="card ${name} skeleton" aria-hidden="true">${inside}</section>`;

function toast(state: State, act: Actions): Drawn {
  const text = state.problem ?? state.notice;
  return html`
    <div class="toast ${state.problem === null ? 'notice' : 'problem'}" role="alert" ?hidden=${text === null}>
      <p>${text}</p>
      <button class="quiet square" aria-label=${w.page.dismiss} @click=${() => act.dismiss()}>${icon('M6 6l12 12M18 6L6 18')}</button>
    </div>
  `;
}

function footer({ config, game }: State): Drawn {
  return html`
    <footer class="page-bottom">
      <p>${w.page.unaudited} ${config?.insecure ? html`<span title=${w.page.insecureWhy}>${w.page.localDemo}</span>` : nothing}</p>
      <p>
        <a href=${pathOf({ page: 'glossary' })}>${w.header.glossary}</a> · ${link('/docs', 'API')}
        ${game === null ? nothing : html` · ${w.page.contract(html`<code title=${game.contract}>${shortHex(game.contract)}</code>`, game.chainId)}`}
        · ${w.page.pieces}
      </p>
    </footer>
  `;
}
