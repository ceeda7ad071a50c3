import { expect, test } from 'vitest';
import { soundOf } from '../src/sounds.ts';
import { game, move } from './fakes.ts';

test('what happened is heard, once', () => {
  const before = game({ state: 'vote' });
  const after = (san: string, by: 'world' | 'leela', change = {}) =>
    game({ moves: [move(0, san, by)], ply: 1, ...change });
  expect(soundOf(null, before)).toBeNull();
  expect(soundOf(before, game())).toBeNull();
  expect(soundOf(before, after('Nf3', 'world'))).toBe('move');
  expect(soundOf(before, after('Nxf3', 'world'))).toBe('capture');
  expect(soundOf(before, after('Qh5+', 'world', { check: true }))).toBe('check');
  expect(soundOf(before, after('Nf3', 'leela'))).toBe('proven');
  expect(soundOf(before, after('Qh5#', 'world', { state: 'over' }))).toBe('end');
  expect(soundOf(game({ state: 'drawn' }), game({ state: 'vote' }))).toBe('yourVote');
  expect(soundOf(game({ id: 4 }), after('Nf3', 'world'))).toBeNull();
});
