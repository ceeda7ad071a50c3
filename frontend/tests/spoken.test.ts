import { expect, test } from 'vitest';
import { answerTo, speakMoves, speakPosition, speakSan } from '../src/spoken.ts';
import { initial } from '../src/state.ts';
import { FEN, game, move } from './fakes.ts';

const state = { ...initial, game: game(), now: 1000, skew: 0 };

test('moves are said as players say them', () => {
  expect(speakSan('Nf3')).toBe('knight f3');
  expect(speakSan('exd5')).toBe('e takes d5');
  expect(speakSan('Raxb1+')).toBe('rook a takes b1, check');
  expect(speakSan('e8=Q#')).toBe('e8 promotes to queen, checkmate');
  expect(speakSan('O-O-O')).toContain('queen');
});

test('positions and legal moves are read out', () => {
  expect(speakPosition('4k3/8/8/8/8/8/8/R3K2R b - - 0 1')).toBe(
    'White: king e1, rook a1 and h1. Black: king e8. Black to move.',
  );
  expect(speakMoves(FEN, 'g1')).toBe('2 legal moves: knight f3, knight h3.');
  expect(speakMoves(FEN, 'e4')).toBe('No legal move from e4.');
  expect(speakMoves('7k/5Q2/6K1/8/8/8/8/8 b - - 0 1', null)).toBe('No legal move.');
});

test('commands are letters; moves are none', () => {
  expect(answerTo(state, 'p')).toContain('White to move');
  expect(answerTo(state, ' M g1 ')).toContain('knight f3');
  expect(answerTo(state, 'm', 'b1')).toContain('knight a3');
  expect(answerTo(state, 'c')).toBe('4:55 left.'); // ballots are taken a little less long than the vote lasts
  expect(answerTo(state, 'l')).toBe('No move is played yet.');
  const moves = [move(0, 'Nf3', 'leela')];
  expect(answerTo({ ...state, game: game({ moves }) }, 'l')).toBe('Leela played knight f3, proven.');
  for (const text of ['e4', 'b4', 'Nf3', 'm x9', 'p e4', '', 'Enter', 'ArrowUp', ' '])
    expect(answerTo(state, text)).toBeNull();
});
