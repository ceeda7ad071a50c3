// Below the board: a move or a command in letters, sounds, the board's looks, its side.

import { html } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Actions } from '../actions/index.ts';
import { mayVote, type State, shown } from '../state.ts';
import { BOARDS, SETS } from '../taste.ts';
import { w } from '../words/index.ts';
import { type Drawn, icon } from './dom.ts';

const SOUND = 'M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11';
const MUTED = 'M4 9v6h4l5 4V5L8 9zM16 9.5l5 5M21 9.5l-5 5';
const LOOKS = 'M4 4h16v16H4zM4 12h16M12 4v16';
const FLIP = 'M8 19V5M4 9l4-4 4 4M16 5v14M12 15l4 4 4-4';

export function controls(state: State, act: Actions): Drawn {
  const { may } = mayVote(state);
  const { live: atLive } = shown(state);
  const { muted } = state.taste;
  const sound = muted ? w.sound.unmute : w.sound.mute;
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
          aria-describedby="typed-help"
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          .value=${live(state.typed)}
          @input=${(e: Event) => act.typeMove((e.target as HTMLInputElement).value)}
        />
        <button class="quiet" ?disabled=${state.typed.trim() === ''}>${w.board.play}</button>
      </form>
      <button class="quiet back" ?hidden=${atLive} @click=${() => act.view(null)}>${w.board.live}</button>
      <button class="quiet mute" aria-pressed=${muted} aria-label=${sound} title=${sound} @click=${() => act.like({ muted: !muted })}>${icon(muted ? MUTED : SOUND)}</button>
      <button class="quiet looks" popovertarget="looks" aria-label=${w.taste.title} title=${w.taste.title}>${icon(LOOKS)}</button>
      <button class="quiet flip" aria-label=${w.board.flip} title=${w.board.flip} @click=${() => act.flip()}>${icon(FLIP)}</button>
    </div>
    <p class="sr" id="typed-help">${w.taste.commands}</p>
    <output class="answer" ?hidden=${state.answer === ''}>${state.answer}</output>
    ${looks(state, act)}
  `;
}

function looks({ taste }: State, act: Actions): Drawn {
  const choice = (name: 'board' | 'pieces', value: string, text: string) => html`
    <label class="look">
      <input type="radio" name="look-${name}" .checked=${live(taste[name] === value)} @change=${() => act.like({ [name]: value })} />
      <span class="swatch ${name}-${value}" aria-hidden="true"></span>${text}
    </label>
  `;
  return html`
    <div class="looks-panel card" id="looks" popover>
      <h2>${w.taste.title}</h2>
      <fieldset><legend>${w.taste.board}</legend>${BOARDS.map((name) => choice('board', name, w.taste.boards[name]))}</fieldset>
      <fieldset><legend>${w.taste.pieces}</legend>${SETS.map((name) => choice('pieces', name, w.taste.sets[name]))}</fieldset>
      <p class="fine">${w.taste.draw}</p>
      <p class="fine">${w.taste.commands}</p>
    </div>
  `;
}
