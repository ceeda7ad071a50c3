import { expect, test } from 'vitest';
import { material } from '../src/material.ts';
import { FEN } from './fakes.ts';

test('nothing is missing at the start', () => {
  expect(material(FEN, null)).toEqual({ lost: { white: [], black: [] }, balance: 0 });
});

test('missing pieces, the dearest first, and the lead in points', () => {
  const { lost, balance } = material('rnb1kbnr/ppp2ppp/8/8/8/8/PPPPPPPP/RNBQKB1R w KQkq - 0 1', null);
  expect(lost.black).toEqual([
    ['queen', 1],
    ['pawn', 2],
  ]);
  expect(lost.white).toEqual([['knight', 1]]);
  expect(balance).toBe(9 + 2 - 3);
});

test('a game that began with few pieces has lost only what it had; a promotion is no negative loss', () => {
  const from = '4k3/P7/8/8/8/8/8/R3K2R w - - 0 1';
  const { lost, balance } = material('Q3k3/8/8/8/8/8/8/R3K3 b - - 0 1', from);
  expect(lost.white).toEqual([
    ['rook', 1],
    ['pawn', 1],
  ]);
  expect(balance).toBe(14);
});
