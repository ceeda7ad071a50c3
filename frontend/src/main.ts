// Starts the page: one state, drawn after every change; effects live here and in `effects.ts`.

import '@lichess-org/chessground/assets/chessground.base.css';
import '@lichess-org/chessground/assets/chessground.cburnett.css';
import './style.css';
import { render } from 'lit-html';
import { Effects } from './effects.ts';
import { initial, mayVote, type State } from './state.ts';
import { Board } from './views/board.ts';
import { page } from './views/page.ts';

const root = document.getElementById('page') as HTMLElement;
let state: State = initial;
let scheduled = false;

function update(change: Partial<State>): void {
  state = { ...state, ...change };
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    draw();
  });
}

const effects = new Effects(() => state, update);
const board = new Board(effects);
const mountBoard = (element: Element | undefined) => {
  if (element instanceof HTMLElement) board.mount(element);
};

function draw(): void {
  render(page(state, effects, mountBoard), root);
  board.draw(state);
  const title = mayVote(state).may ? 'Your vote · Proofmate' : 'Proofmate';
  if (document.title !== title) document.title = title;
}

// Two looks a second keep every clock within half a second of the truth.
setInterval(() => update({ now: Date.now() / 1000 }), 500);
window.addEventListener('keydown', (event) => effects.pageKey(event));
draw();
void effects.start();
