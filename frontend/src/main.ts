// Starts the page: one state, drawn after every change; what changes it lives in `actions/`.

import '@lichess-org/chessground/assets/chessground.base.css';
import '@lichess-org/chessground/assets/chessground.cburnett.css';
import './styles/index.css';
import { render } from 'lit-html';
import { pageKey } from './actions/board.ts';
import { Context, pause } from './actions/context.ts';
import { heldFocus, keepFocus, scrollMoves } from './actions/focus.ts';
import { bind } from './actions/index.ts';
import { arrive, listen } from './actions/navigate.ts';
import { start } from './actions/session.ts';
import { setTheme, storedTheme } from './actions/settings.ts';
import { initial, mayVote, type State } from './state.ts';
import { Board } from './views/board.ts';
import { page } from './views/page.ts';
import { preferredLanguage, speak, w } from './words/index.ts';

const root = document.getElementById('page') as HTMLElement;
let state: State = initial;
/** At first nothing is drawn: what the page asked for before all else is often here already, and is drawn at once. */
let scheduled = true;
/** How long it is waited for, in milliseconds. */
const FIRST_LOOK = 100;

function update(change: Partial<State>): void {
  state = { ...state, ...change };
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    draw();
  });
}

const context = new Context(() => state, update);
const actions = bind(context);
const board = new Board(actions);
const mountBoard = (element: Element | undefined) => {
  if (element instanceof HTMLElement) board.mount(element);
};

function draw(): void {
  const held = heldFocus();
  render(page(state, actions, mountBoard), root);
  board.draw(state);
  const title = mayVote(state).may ? w.page.yourVote : w.page.title;
  if (document.title !== title) document.title = title;
  keepFocus(held);
}

/** No `await` of the module itself: a language's chunk imports this one, and each would wait for the other. */
async function begin(): Promise<void> {
  setTheme(context, storedTheme());
  const language = preferredLanguage();
  const words = speak(language).catch(() => {}); // English is always here
  listen(context);
  const firstLook = arrive(context, true);
  void start(context);
  window.addEventListener('keydown', (event) => pageKey(context, event));
  await Promise.all([words, Promise.race([firstLook, pause(FIRST_LOOK)])]);
  scheduled = false;
  update({ language });
  scrollMoves();
  // Two looks a second keep every clock within half a second of the truth.
  setInterval(() => update({ now: Date.now() / 1000 }), 500);
}

void begin();
