// The vault's two pictures: prices with the network's view of each hour, and the backtest against holding.

import { html, nothing, svg } from 'lit-html';
import { type HourView, partOf } from '../vault.ts';
import type { Drawn } from './dom.ts';

/** The plots' own units; they are stretched to the page's width, and their lines are not. */
const WIDTH = 600;
const HEIGHT = 180;
/** Height of the strip with the network's views, the longest bar each way. */
const BAR = 20;

const path = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

/** Pieces of a line without the hours that are not known. */
function pieces(values: readonly (number | null)[], x: (i: number) => number, y: (v: number) => number): string {
  const made: [number, number][][] = [];
  let open = false;
  values.forEach((value, i) => {
    if (value === null) open = false;
    else if (open) made.at(-1)?.push([x(i), y(value)]);
    else {
      made.push([[x(i), y(value)]]);
      open = true;
    }
  });
  return made.map(path).join('');
}

/** The scale of values as heights, with room above and below. */
function scale(values: readonly number[], height: number): { low: number; high: number; y: (v: number) => number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return { low, high, y: (v) => height - ((v - low + room) / (high - low + 2 * room)) * height };
}

/** Hourly prices, and below them the network's view: a bar up for "rises", down for "falls", the longer the surer. */
export function pricePlot(
  given: readonly HourView[],
  price: (tick: number) => number,
  decided: ReadonlySet<number>,
  labels: { picture: (low: string, high: string) => string; none: string; price: (value: number) => string },
): Drawn {
  const first = given.findIndex(({ tick }) => tick !== null);
  const hours = given.slice(Math.max(first, 0));
  const prices = hours.map(({ tick }) => (tick === null ? null : price(tick)));
  const known = prices.filter((value) => value !== null);
  if (known.length < 2) return html`<p class="none">${labels.none}</p>`;
  const { low, high, y } = scale(known, HEIGHT);
  const step = WIDTH / hours.length;
  const x = (i: number) => (i + 0.5) * step;
  return html`
    <figure class="plot" role="img" aria-label=${labels.picture(labels.price(low), labels.price(high))}>
      <span class="at-top">${labels.price(high)}</span>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
        <path class="line" d=${pieces(prices, x, y)} />
      </svg>
      <span class="at-foot">${labels.price(low)}</span>
      <svg class="views" viewBox="0 0 ${WIDTH} ${2 * BAR}" preserveAspectRatio="none" aria-hidden="true">
        <path class="zero" d="M0 ${BAR}H${WIDTH}" />
        ${hours.map(({ hour, bucket }, i) => {
          if (bucket === null) return nothing;
          const part = partOf(bucket);
          const length = part === 0 ? 1.5 : (Math.abs(part) / 1000) * (BAR - 4) + 4;
          const kind = part === 0 ? 'still' : part > 0 ? 'up' : 'down';
          const top = part > 0 ? BAR - length : part < 0 ? BAR : BAR - length / 2;
          return svg`<rect class="${kind} ${decided.has(hour) ? 'decided' : ''}" x=${(i * step + step * 0.15).toFixed(1)} y=${top.toFixed(1)} width=${(step * 0.7).toFixed(1)} height=${length.toFixed(1)} />`;
        })}
      </svg>
    </figure>
  `;
}

/** Two courses that begin at 1. */
export function coursePlot(
  course: readonly (readonly [time: number, vault: number, holding: number])[],
  label: string,
  date: (time: number) => string,
): Drawn {
  const { low, high, y } = scale(
    course.flatMap(([, vault, holding]) => [vault, holding, 1]),
    HEIGHT,
  );
  const x = (i: number) => (i / (course.length - 1)) * WIDTH;
  const line = (of: 1 | 2) => path(course.map((point, i) => [x(i), y(point[of])] as const));
  const [first, last] = [course[0], course.at(-1)];
  return html`
    <figure class="plot" role="img" aria-label=${label}>
      <span class="at-top">${high.toFixed(2)}</span>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
        <path class="zero" d="M0 ${y(1).toFixed(1)}H${WIDTH}" />
        <path class="line holding" d=${line(2)} />
        <path class="line" d=${line(1)} />
      </svg>
      <span class="at-foot">${low.toFixed(2)}</span>
      <span class="ends"><span>${first === undefined ? nothing : date(first[0])}</span><span>${last === undefined ? nothing : date(last[0])}</span></span>
    </figure>
  `;
}
