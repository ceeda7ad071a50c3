import { expect, test } from 'vitest';
import type { ClosedVote, Thinking } from '../src/api.ts';
import { lastVoted, moveNumberAt, part, told, underProof } from '../src/crowd.ts';
import { initial } from '../src/state.ts';
import { FEN, game, move } from './fakes.ts';

const candidate = (san: string, weight: string) => ({ san, weight, move: san, ballots: 1 });
const vote = (change: Partial<ClosedVote>): ClosedVote => ({
  ...{ ply: 0, candidates: [], castWeight: '100', world: '200', move: null, san: null, time: 0, tx: '0x' },
  ...change,
});

test('the result of a vote is told in one sentence', () => {
  const two = [candidate('Nf3', '61'), candidate('Bc4', '39')];
  expect(told(vote({ candidates: two, move: 'g1f3', san: 'Nf3' }))).toBe('Nf3, 61%, beat Bc4');
  const one = [candidate('Nf3', '100')];
  expect(told(vote({ candidates: one, move: 'g1f3', san: 'Nf3' }))).toBe('Nf3, 100%, unopposed');
  const level = [candidate('Bc4', '50'), candidate('Nf3', '50')];
  expect(told(vote({ candidates: level, move: 'f1c4', san: 'Bc4' }))).toContain('Bc4, 50%, level with Nf3');
});

test('a vote without agreement says how much the leader had of all the stakes', () => {
  expect(told(vote({ candidates: [candidate('Nf3', '20')], castWeight: '20' }))).toContain('Nf3 had only 10%');
  expect(told(vote({ castWeight: '0' }))).toContain('Nobody voted');
});

test('shares of nothing are nothing', () => {
  expect(part('5', '0')).toBe(0);
  expect(part('1', '3')).toBeCloseTo(1 / 3, 3);
});

test('the last vote is of the World’s newest move, or the one that just failed', () => {
  const moves = [move(0, 'e4', 'world'), move(1, 'e5', 'leela')];
  expect(lastVoted(game({ moves: [] }))).toBeNull();
  expect(lastVoted(game({ moves, ply: 2 }))).toBe(0);
  expect(lastVoted(game({ moves, ply: 2, state: 'prove', mover: 'understudy' }))).toBe(2);
  expect(lastVoted(game({ moves: [...moves, move(2, 'Nf3', 'understudy')], ply: 3 }))).toBe(2);
});

test('moves are numbered from the opening', () => {
  const black = game({ openingFen: FEN.replace(' w ', ' b ').replace(/1$/, '5') });
  expect([0, 1, 2, 3].map((ply) => moveNumberAt(black, ply))).toEqual([5, 6, 6, 7]);
  expect([0, 1, 2].map((ply) => moveNumberAt(game(), ply))).toEqual([1, 1, 2]);
});

test('only the thoughts of this very position are a choice under proof', () => {
  const thinking: Thinking = { ply: 1, position: '0xaa', choice: 'e7e5', choiceSan: 'e5', moves: [] };
  const proof = {
    ply: 1,
    step: 'quotient',
    fraction: 0.4,
    started: 0,
    seconds: 1,
    tx: null,
    block: null,
    gas: null,
  } as const;
  const proving = game({ state: 'prove', mover: 'leela', ply: 1, positionKey: '0xaa', thinking, proof });
  const state = (change = {}) => ({ ...initial, game: { ...proving, ...change } });
  expect(underProof(state())).toEqual({ uci: 'e7e5', san: 'e5', fraction: 0.4 });
  expect(underProof(state({ positionKey: '0xbb' }))).toBeNull(); // a reorganisation put another position there
  expect(underProof(state({ ply: 3 }))).toBeNull();
  expect(underProof(state({ state: 'vote' }))).toBeNull();
  expect(underProof(state({ proof: null }))?.fraction).toBe(0);
});
