// Two sets of pieces drawn here: flat shapes, and letters for who does not know the shapes. Fetched when wanted.

import type { Color, Role } from 'chessops/types';

const BASE = 'M10 38h25v-4H10z';

/** Outlines on a field of 45 x 45. */
const SHAPES: Record<Role, string> = {
  pawn: `${BASE}M14 33h17l-5-11a6 6 0 1 0-7 0z`,
  rook: `${BASE}M13 33h19l-2-15h3V9h-5v4h-3V9h-5v4h-3V9h-5v9h3z`,
  knight: `${BASE}M13 33h19c1-12-2-22-13-24l-2-3-1 4-6 10 2 4 4-1 5-3c0 5-7 7-8 13z`,
  bishop: `${BASE}M14 33h17l-3-7c4-6 1-12-4-16a3 3 0 1 0-3 0c-5 4-8 10-4 16zM21 18h3v3h-3z`,
  queen: `${BASE}M13 33h19l4-18-7 7-2-12-4.5 10L18 10l-2 12-7-7z`,
  king: `${BASE}M13 33h19c7-6 3-15-8-11v-6h4v-3h-4V9h-3v4h-4v3h4v6c-11-4-15 5-8 11z`,
};
const LETTERS: Record<Role, string> = { pawn: 'P', rook: 'R', knight: 'N', bishop: 'B', queen: 'Q', king: 'K' };
const INKS: Record<Color, [fill: string, line: string]> = {
  white: ['#fdfdf8', '#20302a'],
  black: ['#26322e', '#e9efe9'],
};

function flat(role: Role, color: Color): string {
  const [fill, line] = INKS[color];
  return `<path d="${SHAPES[role]}" fill="${fill}" stroke="${line}" stroke-width="1.6" stroke-linejoin="round"/>`;
}

function letters(role: Role, color: Color): string {
  const [fill, line] = INKS[color];
  const text = `<text x="22.5" y="30.5" text-anchor="middle" font-family="sans-serif" font-weight="700" font-size="23"`;
  return `<circle cx="22.5" cy="22.5" r="18" fill="${fill}" stroke="${line}" stroke-width="2"/>${text} fill="${line}">${LETTERS[role]}</text>`;
}

let installed = false;

/** Adds the sets' style sheet once. They show where the root says `data-pieces`. */
export function install(): void {
  if (installed) return;
  installed = true;
  const rules = Object.entries({ flat, letters }).flatMap(([set, draw]) =>
    (Object.keys(SHAPES) as Role[]).flatMap((role) =>
      (['white', 'black'] as const).map((color) => {
        const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 45 45">${draw(role, color)}</svg>`;
        const url = `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
        return `:root[data-pieces="${set}"] .cg-wrap piece.${role}.${color}{background-image:${url}}`;
      }),
    ),
  );
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules.join('\n'));
  document.adoptedStyleSheets.push(sheet);
}
