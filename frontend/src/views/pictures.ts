// Drawings. Their colours are the page's own, so they follow light and dark.

import { html, svg, type TemplateResult } from 'lit-html';

const pawn = (x: number, y: number, size: number) => svg`
  <path class="pawn" transform="translate(${x} ${y}) scale(${size})"
    d="M0-30a9 9 0 0 1 5.6 16c4 2.600 6.400 7 6.400 12h-4c.6 7 3.600 11 8 16v6h-32v-6c4.400-5 7.400-9 8-16h-4c0-5 2.400-9.400 6.400-12a9 9 0 0 1 5.600-16z" />`;

const layers = [3, 5, 5, 4];

/** The network as layers of nodes, each joined to the next. */
function network(x: number, y: number) {
  const at = (layer: number, node: number): [number, number] => [
    x + 44 * layer,
    y + 34 * (node - ((layers[layer] ?? 0) - 1) / 2),
  ];
  const lines: unknown[] = [];
  const nodes: unknown[] = [];
  layers.forEach((count, layer) => {
    for (let node = 0; node < count; node++) {
      const [cx, cy] = at(layer, node);
      for (let next = 0; next < (layers[layer + 1] ?? 0); next++) {
        const [x2, y2] = at(layer + 1, next);
        lines.push(svg`<path class="wire" d="M${cx} ${cy}L${x2} ${y2}" />`);
      }
      nodes.push(svg`<circle class="node" cx=${cx} cy=${cy} r="7" />`);
    }
  });
  return svg`${lines}${nodes}`;
}

/** The crowd before a board, the network behind it, and the seal that its move bears. */
export const hero = (label: string): TemplateResult => html`
  <svg class="hero-picture" viewBox="0 0 560 360" role="img" aria-label=${label}>
    <g class="squares">
      ${[0, 1, 2, 3, 4, 5].flatMap((row) =>
        [0, 1, 2, 3, 4, 5].map((column) =>
          (row + column) % 2 === 0
            ? svg``
            : svg`<rect x=${170 + 37 * column} y=${69 + 37 * row} width="37" height="37" />`,
        ),
      )}
      <rect class="edge" x="170" y="69" width="222" height="222" rx="6" />
    </g>
    ${network(400, 150)}
    <g class="crowd">
      ${[
        [40, 150, 1.1],
        [88, 128, 1.1],
        [132, 156, 1.1],
        [22, 214, 1.35],
        [76, 206, 1.35],
        [128, 224, 1.35],
        [46, 292, 1.6],
        [108, 296, 1.6],
      ].map(([x, y, size]) => pawn(x as number, y as number, size as number))}
    </g>
    <path class="route" d="M226 236C250 150 300 140 337 125" />
    <path class="head" d="M345 121l-17-2 9 14z" />
    <g class="seal" transform="translate(337 250)">
      <path d="M0-34l8 6 10-3 4 9 10 3-1 10 7 8-7 8 1 10-10 3-4 9-10-3-8 6-8-6-10 3-4-9-10-3 1-10-7-8 7-8-1-10 10-3 4-9 10 3z" />
      <path class="tick" d="M-12 0l8 9 17-18" />
    </g>
  </svg>
`;

/** Votes of different weight become one move. */
export const votePicture = (): TemplateResult => html`
  <svg class="step-picture" viewBox="0 0 200 120" aria-hidden="true">
    ${[pawn(36, 66, 0.9), pawn(66, 82, 0.9), pawn(36, 106, 0.9)]}
    <path class="vote strong" d="M84 84C120 84 120 60 150 52" />
    <path class="vote weak" d="M54 62C100 50 120 92 148 96" />
    <rect class="edge" x="150" y="30" width="34" height="34" rx="4" />
    <path class="tick" d="M159 47l6 7 11-13" />
    <rect class="faint" x="150" y="80" width="34" height="34" rx="4" />
  </svg>
`;

/** A network's answer gets a seal. */
export const provePicture = (): TemplateResult => html`
  <svg class="step-picture" viewBox="0 0 200 120" aria-hidden="true">
    <g transform="translate(-224 -44) scale(0.62)">${network(390, 168)}</g>
    <path class="vote strong leela" d="M112 60h30" />
    <g class="seal" transform="translate(166 60) scale(0.8)">
      <path d="M0-34l8 6 10-3 4 9 10 3-1 10 7 8-7 8 1 10-10 3-4 9-10-3-8 6-8-6-10 3-4-9-10-3 1-10-7-8 7-8-1-10 10-3 4-9 10 3z" />
      <path class="tick" d="M-12 0l8 9 17-18" />
    </g>
  </svg>
`;

/** One side's coins go to the other. */
export const payPicture = (): TemplateResult => html`
  <svg class="step-picture" viewBox="0 0 200 120" aria-hidden="true">
    ${[0, 1, 2].map((i) => svg`<ellipse class="coin leela" cx="44" cy=${92 - 12 * i} rx="24" ry="9" />`)}
    ${[0, 1, 2, 3, 4].map((i) => svg`<ellipse class="coin" cx="156" cy=${92 - 12 * i} rx="24" ry="9" />`)}
    <path class="vote strong" d="M74 62C92 34 112 30 128 38" />
  </svg>
`;

/** A lone pawn, for where there is nothing. */
export const lost = (): TemplateResult => html`
  <svg class="lost-picture" viewBox="0 0 120 120" aria-hidden="true">
    <rect class="faint" x="10" y="10" width="50" height="50" /><rect class="faint" x="60" y="60" width="50" height="50" />
    ${pawn(60, 82, 1.6)}
  </svg>
`;
