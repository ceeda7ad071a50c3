// Small drawings of what a proof does, one a step. They say nothing that the words beside them do not say.

import { html, svg } from 'lit-html';

const eye = svg`<path d="M4 24c6-10 34-10 40 0-6 10-34 10-40 0z"/><circle cx="24" cy="24" r="5"/><path class="soft" d="M58 12h16v24H58zM58 20h16M58 28h16M66 12v24"/>`;
const sums = svg`<path d="M10 6h44l14 10v26H10z"/><path class="soft" d="M18 16h24M18 23h40M18 30h32M18 37h40"/>`;
const scale = svg`<path d="M40 6v34M26 42h28M16 14h48"/><path class="soft" d="M16 14l-8 16h16zM64 14l-8 16h16z"/><path class="good" d="M34 26l5 5 9-11"/>`;
const played = svg`<path class="soft" d="M8 6h36v36H8zM8 18h36M8 30h36M20 6v36M32 6v36"/><path d="M14 36C24 34 30 26 37 13M31 15l7-3 1 7"/><path class="good" d="M54 24l6 6 12-14"/>`;

const DRAWINGS = { look: eye, write: sums, check: scale, play: played };

export const drawing = (step: keyof typeof DRAWINGS) =>
  html`<svg class="drawing" viewBox="0 0 80 48" aria-hidden="true">${DRAWINGS[step]}</svg>`;
