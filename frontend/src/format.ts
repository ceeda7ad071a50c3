// Amounts, addresses and times as people read them.

import { w } from './words/index.ts';

/** A coin has 10^18 wei. */
const DECIMALS = 18;

/** Wei as coins with at most four digits after the point, never rounded up. */
export function coins(wei: bigint | string): string {
  const digits = String(BigInt(wei)).padStart(DECIMALS + 1, '0');
  const whole = digits.slice(0, -DECIMALS);
  const short = digits.slice(-DECIMALS).slice(0, 4).replace(/0+$/, '');
  if (short === '' && whole === '0' && BigInt(wei) > 0n) return '<0.0001';
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ' ');
  return short === '' ? grouped : `${grouped}.${short}`;
}

/** Wei from what was typed; null if it is no positive amount of at most 18 decimals. */
export function parseCoins(text: string): bigint | null {
  const plain = text.trim().replace(',', '.');
  if (!/^(\d{1,12}(\.\d{0,18})?|\.\d{1,18})$/.test(plain)) return null;
  const [whole = '', fraction = ''] = plain.split('.');
  const wei = BigInt(whole + fraction.padEnd(DECIMALS, '0'));
  return wei > 0n ? wei : null;
}

export const shortHex = (hex: string): string => (hex.length > 13 ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex);

export const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)}%`;

export const times = (multiple: number | null): string =>
  multiple === null ? '–' : `×${multiple.toFixed(multiple < 10 ? 2 : 1)}`;

export const grouped = (n: number): string => Math.round(n).toLocaleString('en-GB').replaceAll(',', ' ');

const two = (n: number) => String(n).padStart(2, '0');

/** Seconds as a clock: 0:09, 4:59, 23:59:59, 3 d 04:00. */
export function clock(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const [d, h, m, s] = [
    Math.floor(left / 86400),
    Math.floor(left / 3600) % 24,
    Math.floor(left / 60) % 60,
    left % 60,
  ] as const;
  if (d > 0) return `${d} d ${two(h)}:${two(m)}`;
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Seconds as words for terms: "5 minutes", "1 day". */
export function period(seconds: number): string {
  if (seconds === 0) return w.units.atOnce;
  for (const [unit, size] of [
    [w.units.days, 86400],
    [w.units.hours, 3600],
    [w.units.minutes, 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return unit(seconds / size);
  }
  return w.units.seconds(seconds);
}
