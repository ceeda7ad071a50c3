// What a wallet app scans or opens to be paired with this page (WalletConnect): a modal dialog.

import { html, nothing } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { State } from '../state.ts';
import { w } from '../words/index.ts';
import { type Drawn, opening } from './dom.ts';

const open = opening();

export function pairing({ pairing: asked }: State): Drawn {
  if (asked === null) return nothing;
  const { uri, code, cancel } = asked;
  const dark = code.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return html`
    <dialog class="pairing card" aria-labelledby="title-pairing" ${ref(open)} @close=${cancel}>
      <h2 id="title-pairing">${w.wallet.pairing}</h2>
      <svg viewBox="0 0 ${code.length} ${code.length}" role="img" aria-label=${w.wallet.code}><path d=${dark} /></svg>
      <a class="primary" href=${uri}>${w.wallet.openApp}</a>
      <button class="quiet" @click=${cancel}>${w.wallet.giveUp}</button>
    </dialog>
  `;
}
