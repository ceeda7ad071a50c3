import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Game } from '../src/api.ts';
import { type Connection, follow } from '../src/stream.ts';
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
  expect(last().url).toBe('/api/games/3/stream');
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
    vi.advanceTimersByTime(1);
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
