import { SquareSet } from 'chessops/squareSet';
import { expect, test } from 'vitest';
import { initial } from '../src/state.ts';
import { arrows, marks } from '../src/views/board.ts';
import { game, held, move, seated, WALLET } from './fakes.ts';

const candidate = (uci: string, weight: string) => ({ move: uci, san: uci, weight, ballots: 1 });
const CANDIDATES = [candidate('g1f3', '75'), candidate('e2e4', '25')];
const OPEN = { ply: 0, leader: 'g1f3', leaderWeight: '75', runnerUpWeight: '25', castWeight: '100', pending: 0 };

test('every candidate has an arrow as thick as its share; the own vote is green', () => {
  const open = game({ vote: { ...OPEN, candidates: CANDIDATES } });
  const mine = held({ ...seated, ballot: { ply: 0, move: 'e2e4', status: 'counted' } });
  const drawn = arrows({ ...initial, game: open, held: mine, wallet: WALLET });
  expect(drawn.map(({ orig, dest, brush }) => [orig, dest, brush])).toEqual([
    ['g1', 'f3', 'world'],
    ['e2', 'e4', 'green'],
  ]);
  const [thick, thin] = drawn.map(({ modifiers }) => modifiers?.lineWidth ?? 0) as [number, number];
  expect(thick - 3).toBeCloseTo(3 * (thin - 3), 0);
  expect(arrows({ ...initial, game: game(), held: mine, wallet: WALLET })).toHaveLength(1); // received, and not counted yet
});

test('an old move of the World shows the vote of that moment', () => {
  const moves = [move(0, 'Nf3', 'world'), move(1, 'e5', 'leela')];
  const closed = { ply: 0, candidates: CANDIDATES, castWeight: '100', world: '100', move: 'g1f3', san: 'Nf3', time: 0 };
  const votes = new Map([[0, { known: { ...closed, tx: '0x' as const }, version: 1 }]]);
  const state = { ...initial, game: game({ moves, ply: 2 }), plies: { game: 0, votes, thoughts: new Map() } };
  expect(arrows({ ...state, viewed: 1 })).toHaveLength(2);
  expect(arrows(state)).toEqual([]);
  expect(arrows({ ...state, viewed: 1, plies: { ...state.plies, game: 9 } })).toEqual([]); // another game's votes
});

test('a picked piece shows where it may go, by keyboard too', () => {
  const targets = new Map([['e4' as const, ['e5' as const, 'd5' as const]]]);
  const marked = marks({ ...initial, cursor: 28, picked: 28 }, targets, SquareSet.fromSquare(35));
  expect(Object.fromEntries(marked)).toEqual({ e4: 'cursor picked', e5: 'move-dest', d5: 'move-dest oc' });
});
