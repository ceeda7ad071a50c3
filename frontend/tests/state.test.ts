import { expect, test } from 'vitest';
import type { Progress } from '../src/api.ts';
import { initial, mayLeave, mayVote, news, overdue, resultText, type State, shown } from '../src/state.ts';
import { millions } from '../src/views/game.ts';
import { markOf, strengthText } from '../src/views/proof.ts';
import { FEN, game, held, move, seated, WALLET } from './fakes.ts';

const state = (change: Partial<State> = {}): State => ({
  ...initial,
  ...{ game: game(), wallet: WALLET, now: 1000, skew: 0 },
  ...change,
});

test('who may vote', () => {
  expect(mayVote(state({ held: held(seated) })).may).toBe(true);
  expect(mayVote(state()).may).toBe(false);
  expect(mayVote(state({ held: held({ ...seated, side: 'leela', seat: null }) })).why).toContain('staked on the World');
  expect(mayVote(state({ held: held(seated), game: game({ state: 'prove' }) })).may).toBe(false);
  const ballot = { ply: 0, move: 'e2e4', status: 'received' } as const;
  expect(mayVote(state({ held: held({ ...seated, ballot }) })).may).toBe(false);
  expect(mayVote(state({ held: held({ ...seated, ballot: { ...ballot, ply: 4 } }) })).may).toBe(true);
  expect(mayVote(state({ held: held({ ...seated, votedPly: 0 }) })).may).toBe(false);
});

test('the page stops taking ballots a little before the chain does, by the chain’s clock', () => {
  expect(mayVote(state({ held: held(seated), now: 1294 })).may).toBe(true);
  expect(mayVote(state({ held: held(seated), now: 1296 })).why).toContain('closed');
  expect(mayVote(state({ held: held(seated), now: 1000, skew: 296 })).may).toBe(false);
});

test('anyone may move a late game on', () => {
  expect(overdue(state({ now: 1320 }))).toBeNull();
  expect(overdue(state({ now: 1331 }))).toBe('closeVote');
  expect(overdue(state({ now: 1331, game: game({ state: 'prove' }) }))).toBe('voidGame');
  expect(overdue(state({ now: 1331, game: game({ state: 'over' }) }))).toBeNull();
  expect(overdue(state({ now: 9999, game: game({ state: 'lobby', deadline: 0 }) }))).toBeNull();
  const drawn = game({ state: 'drawn', deadline: 0, since: 1000 });
  expect(overdue(state({ now: 1069, game: drawn }))).toBeNull();
  expect(overdue(state({ now: 1071, game: drawn }))).toBe('begin');
});

test('an earlier position is shown until the visitor is back at the live one', () => {
  const moves = [move(0, 'e4', 'world'), move(1, 'e5', 'leela')];
  const at = (viewed: number | null) => shown(state({ viewed, game: game({ moves }) }));
  expect(at(null)).toMatchObject({ fen: FEN, live: true, last: { san: 'e5' } });
  expect(at(1)).toMatchObject({ fen: 'fen after 0', live: false, last: { san: 'e4' } });
  expect(at(0)).toMatchObject({ fen: FEN, live: false, last: null });
  expect(at(2).live).toBe(true);
});

test('what is read out', () => {
  const moves = [move(0, 'e4', 'world'), move(1, 'e5', 'leela')];
  expect(news(null, game())).toBe('');
  expect(news(game(), game({ moves, ply: 2 }))).toBe('The World plays e4. Leela plays e5, proven. The vote is open.');
  const over = game({ state: 'over', outcome: 'leela', reason: 'checkmate' });
  expect(news(game(), over)).toBe('Leela wins by checkmate.');
  expect(news(game({ id: 1 }), game({ moves }))).toBe('');
  expect(resultText(game({ outcome: 'void', reason: 'stalled' }))).toContain('no proven move');
});

test('the steps of a proof', () => {
  const progress: Progress = {
    ply: 1,
    step: 'quotient',
    fraction: 0.4,
    started: 0,
    seconds: null,
    tx: null,
    block: null,
    gas: null,
  };
  expect(markOf('witness', null)).toBe('waiting');
  expect(['witness', 'commitments', 'quotient', 'opening'].map((s) => markOf(s as Progress['step'], progress))).toEqual(
    ['done', 'done', 'active', 'waiting'],
  );
  expect(markOf('witness', { ...progress, step: 'queued' })).toBe('waiting');
  expect(markOf('verified', { ...progress, step: 'verified' })).toBe('done');
});

test('the passport’s numbers in words', () => {
  expect([millions(3716425), millions(308873), millions(21_800_000)]).toEqual(['3.72 M', '309 k', '21.8 M']);
  expect(strengthText(null)).toBe('not measured yet');
  expect(strengthText({ seconds: 3 })).toBe('not measured yet');
  const match = { opponent: 'Stockfish at UCI_Elo 1850', score: 0.6, interval: [0.53, 0.67], games: 200 };
  const text = '60% (53% to 67%) against Stockfish at UCI_Elo 1850, 200 games';
  expect(strengthText({ matches: [] })).toBe('not measured yet');
  expect(strengthText({ matches: [match, { ...match, opponent: 'another' }] })).toBe(text);
});

test('a stake can be taken back until the lobby’s final window', () => {
  const lobby = (lobbyPeriod: number, deadline: number, now: number) =>
    mayLeave(state({ now, game: game({ state: 'lobby', deadline, terms: { ...game().terms, lobbyPeriod } }) }));
  expect(lobby(400, 1400, 1299)).toBe(true);
  expect(lobby(400, 1400, 1300)).toBe(false);
  expect(lobby(86_400, 100_000, 96_399)).toBe(true); // an hour at most
  expect(lobby(86_400, 100_000, 96_400)).toBe(false);
  expect(lobby(0, 0, 5)).toBe(true);
  expect(mayLeave(state({ now: 5 }))).toBe(false);
});
