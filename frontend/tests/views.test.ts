import { expect, test, vi } from 'vitest';
import type { Actions } from '../src/actions/index.ts';
import type { Config } from '../src/api.ts';
import { CHECKS } from '../src/checks.ts';
import { initial, type State } from '../src/state.ts';
import { action } from '../src/views/action.ts';
import { header } from '../src/views/header.ts';
import { check } from '../src/views/proof.ts';
import { ADDRESS, DEPLOYMENT, game, held, move, RECEIPT, seated, WALLET } from './fakes.ts';

const act = new Proxy({}, { get: () => vi.fn() }) as Actions;
const state = (change: Partial<State>): State => ({
  ...{ ...initial, config: DEPLOYMENT as Config, game: game(), held: held(seated), wallet: WALLET },
  ...{ now: 1000, skew: 0, ...change },
});

/** The text of a view, without its markup. */
function text(drawn: unknown): string {
  const markup = (value: unknown): string => {
    if (Array.isArray(value)) return value.map(markup).join('');
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    if (typeof value !== 'object' || value === null || !('strings' in value) || !('values' in value)) return '';
    const values = value.values as unknown[];
    return (value.strings as string[]).map((part, i) => part + markup(values[i])).join('');
  };
  return markup(drawn)
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');
}

test('the vote by transaction is on offer once the server refused, and while a ballot is only received', () => {
  const offer = 'Vote by transaction';
  const voted = (status: 'received' | 'counted') => held({ ...seated, ballot: { ply: 0, move: 'e2e4', status } });
  expect(text(action(state({}), act))).not.toContain(offer);
  expect(text(action(state({ proposal: 'e2e4' }), act))).not.toContain(offer);
  expect(text(action(state({ proposal: 'e2e4', refused: true }), act))).toContain(offer);
  expect(text(action(state({ proposal: 'e2e4', refused: true, now: 1299 }), act))).toContain(offer);
  expect(text(action(state({ held: voted('received') }), act))).toContain(offer);
  expect(text(action(state({ held: voted('counted') }), act))).not.toContain(offer);
});

test('a game that is not there is not waited for', () => {
  vi.stubGlobal('location', new URL('http://localhost/game/7'));
  const waiting = (none: boolean) => {
    const absent = { why: '', none };
    return header(state({ route: { page: 'game', game: 7 }, game: null, connection: 'lost', absent }), act).values;
  };
  expect(waiting(true)).toContain('connection lost sr');
  expect(waiting(false)).toContain('chip connection lost');
});

test('a draw that lasts is anyone’s to end', () => {
  const drawn = game({ state: 'drawn', deadline: 0, fen: null });
  expect(text(action(state({ game: drawn }), act))).not.toContain('Begin the game');
  expect(text(action(state({ game: drawn, now: 1100 }), act))).toContain('Begin the game');
});

test('the last receipt is on offer in every state', () => {
  const ballot = { seat: 5, ply: 0, move: 'e2e4', signature: '0x' } as const;
  const kept = { ...DEPLOYMENT, game: 2, ballot, receipt: RECEIPT };
  for (const name of ['vote', 'prove', 'over'] as const) {
    expect(text(action(state({ kept, game: game({ state: name, ply: 2 }) }), act))).toContain('Your last vote, e2e4');
  }
  expect(text(action(state({}), act))).not.toContain('receipt');
});

test('a verdict names the move it is about, whatever move is looked at', () => {
  const moves = [move(0, 'e4', 'world'), move(1, 'e5', 'leela'), move(2, 'Nf3', 'world'), move(3, 'Nc6', 'leela')];
  const findings = CHECKS.map(() => ({ passed: true, detail: ADDRESS }));
  const checked = { ply: 1, findings, problem: null, running: false };
  const drawn = text(check(state({ game: game({ moves, ply: 4 }), check: checked }), act));
  expect(drawn).toContain('Check Nc6');
  expect(drawn).toContain('Valid: the proof of e5');
});
