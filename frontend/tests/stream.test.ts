import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Game } from '../src/api.ts';
import { type Connection, follow, patched } from '../src/stream.ts';
import { FakeSource } from './fakes.ts';

const { last } = FakeSource;

let states: Connection[];
let games: Game[];
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.made = [];
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('window', Object.assign(new EventTarget(), { setTimeout }));
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  [states, games] = [[], []];
  stop = follow(
    3,
    (game) => games.push(game),
    (state) => states.push(state),
  );
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

test('documents arrive; a short cut is left to the browser', () => {
  expect(last().url).toBe('/api/v1/games/3/stream?patch=true');
  last().open();
  last().send({ id: 3 });
  last().fail(0);
  expect(states).toEqual(['connecting', 'live', 'live', 'lost']);
  expect(games).toHaveLength(1);
  vi.advanceTimersByTime(8_000);
  expect(FakeSource.made).toHaveLength(1);
});

test('a connection that dies without a word is made anew', () => {
  last().open();
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(4_000);
    last().ping();
  }
  expect(FakeSource.made).toHaveLength(1);
  const [silent] = FakeSource.made;
  vi.advanceTimersByTime(9_000);
  expect(states.at(-1)).toBe('lost');
  expect(silent?.readyState).toBe(FakeSource.CLOSED);
  expect(FakeSource.made).toHaveLength(2);
  last().open();
  expect(states.at(-1)).toBe('live');
});

test('a server that answers with errors is tried again, less and less often', () => {
  for (const wait of [500, 1000, 2000, 4000, 8000, 8000]) {
    const before = FakeSource.made.length;
    last().fail(FakeSource.CLOSED);
    vi.advanceTimersByTime(wait - 1);
    expect(FakeSource.made).toHaveLength(before);
    vi.advanceTimersByTime(1 + wait / 2); // up to half as long again: not all pages at once
    expect(FakeSource.made).toHaveLength(before + 1);
  }
  last().open();
  expect(states.at(-1)).toBe('live');
});

test('a phone that wakes up does not wait', () => {
  last().fail(0);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(FakeSource.made).toHaveLength(2);
  last().open();
  window.dispatchEvent(new Event('online'));
  expect(FakeSource.made).toHaveLength(2);
});

test('nothing goes on once it is stopped', () => {
  last().fail(FakeSource.CLOSED);
  stop();
  vi.advanceTimersByTime(60_000);
  window.dispatchEvent(new Event('online'));
  expect(FakeSource.made).toHaveLength(1);
});

test('a network that is gone is noticed at once', () => {
  last().open();
  window.dispatchEvent(new Event('offline'));
  expect(states.at(-1)).toBe('lost');
});

test('what changed is applied to the document before', () => {
  last().open();
  last().send({ id: 3, vote: { pending: 1 }, moves: [{ ply: 0 }], outcome: null } as unknown as Game);
  last().patch([
    { op: 'replace', path: '/vote/pending', value: 2 },
    { op: 'add', path: '/moves/-', value: { ply: 1 } },
    { op: 'remove', path: '/outcome' },
  ]);
  expect(games).toEqual([
    { id: 3, vote: { pending: 1 }, moves: [{ ply: 0 }], outcome: null },
    { id: 3, vote: { pending: 2 }, moves: [{ ply: 0 }, { ply: 1 }] },
  ]);
});

test('a patch of a document that never came begins anew', () => {
  last().open();
  last().patch([]);
  expect(FakeSource.made).toHaveLength(2);
  expect(games).toEqual([]);
});

test('a list or a record that is replaced is no longer the old one', () => {
  expect(patched({ a: [1, 2], b: { c: 1 } }, [{ op: 'replace', path: '/a', value: [3] }])).toEqual({
    a: [3],
    b: { c: 1 },
  });
});

test('a page that is refused a stream asks for the document', async () => {
  const asked = vi.fn(async () => new Response(JSON.stringify({ id: 3 })));
  vi.stubGlobal('fetch', asked);
  last().fail(FakeSource.CLOSED);
  await vi.waitFor(() => expect(games).toEqual([{ id: 3 }]));
  expect(asked).toHaveBeenCalledOnce();
});

test('a hub that sends nothing at once leaves the document to be fetched', async () => {
  const asked = vi.fn(async () => new Response(JSON.stringify({ id: 3 })));
  vi.stubGlobal('fetch', asked);
  last().open();
  vi.advanceTimersByTime(700);
  await vi.waitFor(() => expect(games).toEqual([{ id: 3 }]));
  last().send({ id: 4 } as Game);
  expect(games.at(-1)).toEqual({ id: 4 });
  vi.advanceTimersByTime(8_000);
  expect(asked).toHaveBeenCalledOnce();
});
