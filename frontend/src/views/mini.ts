// A small board to look at.

import { html, nothing } from 'lit-html';
import type { GameLine } from '../api.ts';
import { type Drawn, place } from './dom.ts';

const ROLES: Record<string, string> = { p: 'pawn', n: 'knight', b: 'bishop', r: 'rook', q: 'queen', k: 'king' };
const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR';

/** The position of a game from the World's side, its last move marked; the start of chess before the opening is drawn. */
export function miniBoard({ fen, world, lastMove }: Pick<GameLine, 'fen' | 'world' | 'lastMove'>): Drawn {
  const rows = (fen ?? START).split(' ')[0]?.split('/') ?? [];
  const turned = world === 'black';
  const at = (row: number, column: number): [number, number] =>
    turned ? [8 - row, 8 - column] : [row + 1, column + 1];
  const square = (name: string) => at(8 - Number(name[1]), name.charCodeAt(0) - 97);
  const pieces: unknown[] = [];
  rows.forEach((text, row) => {
    let column = 0;
    for (const letter of text) {
      const role = ROLES[letter.toLowerCase()];
      if (role === undefined) column += Number(letter);
      else {
        const color = letter === letter.toLowerCase() ? 'black' : 'white';
        pieces.push(html`<piece class="${color} ${role}" ${place(...at(row, column))}></piece>`);
        column++;
      }
    }
  });
  const marked = lastMove === null ? [] : [lastMove.slice(0, 2), lastMove.slice(2, 4)];
  return html`
    <div class="mini cg-wrap" aria-hidden="true">
      ${marked.length === 0 ? nothing : marked.map((name) => html`<i ${place(...square(name))}></i>`)} ${pieces}
    </div>
  `;
}
