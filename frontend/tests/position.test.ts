import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  boardWords,
  legalIndices,
  moveNumber,
  moveOfNumber,
  position,
  readMove,
  sanOf,
  squareText,
  words,
} from '../src/position.ts';
import { contextWord, isBestLegal } from '../src/verify.ts';

const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';
const CASTLING = 'r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1';
const PROMOTING = '8/1P4k1/8/8/8/8/6K1/R7 w - - 0 40';

interface Vector {
  name: string;
  fen: string;
  repeated: boolean;
  board: string;
  state: string;
  words: string[];
  moves: number[];
  indices: number[];
}

const FILE = new URL('../../tests/vectors/positions.json', import.meta.url);
const contents = JSON.parse(readFileSync(FILE, 'utf8')) as Vector[] | { positions: Vector[] };
const vectors = Array.isArray(contents) ? contents : contents.positions;

/** The bits of `state` that make positions the same: all but its clock and its ply. */
const RIGHTS = 0xfffn;

test('the shared vectors: words, public words, legal moves and their policy indices', () => {
  expect(vectors.length).toBeGreaterThan(1000);
  for (const vector of vectors) {
    const pos = position(vector.fen);
    const { board, rights } = words(pos);
    expect([board, rights], vector.name).toEqual([BigInt(vector.board), BigInt(vector.state) & RIGHTS]);
    expect(boardWords(pos, vector.repeated), vector.name).toEqual(vector.words.map(BigInt));
    const legal = [...legalIndices(pos)].map(([index, uci]) => [moveNumber(uci), index] as const);
    legal.sort((a, b) => a[0] - b[0]);
    expect(legal, vector.name).toEqual(vector.moves.map((move, i) => [move, vector.indices[i]]));
  }
});

test('moves are read as UCI or SAN; castling is the king’s move; a promotion names its piece', () => {
  const start = position(START);
  expect(readMove(start, 'e4')).toBe('e2e4');
  expect(readMove(start, ' g1f3 ')).toBe('g1f3');
  expect(readMove(start, 'Nf3')).toBe('g1f3');
  expect(readMove(start, 'e5')).toBeNull();
  expect(readMove(start, '<img src=x>')).toBeNull();
  const castling = position(CASTLING);
  for (const text of ['O-O', '0-0', 'e1g1', 'e1h1']) expect(readMove(castling, text)).toBe('e1g1');
  expect(readMove(castling, 'O-O-O')).toBe('e1c1');
  const promoting = position(PROMOTING);
  expect(readMove(promoting, 'b7b8')).toBeNull();
  expect(readMove(promoting, 'b8=N')).toBe('b7b8n');
  expect(readMove(promoting, 'b7b8q')).toBe('b7b8q');
});

test('SAN and squares in words', () => {
  expect(sanOf(position(CASTLING), 'e1g1')).toBe('O-O');
  expect(squareText(position(START), 4)).toBe('e1, white king');
  expect(squareText(position(START), 28)).toBe('e4, empty');
});

test('move numbers go both ways', () => {
  for (const move of ['e2e4', 'b7b8q', 'b7b8n', 'h7h8r', 'a2a1b']) expect(moveOfNumber(moveNumber(move))).toBe(move);
  expect(moveNumber('e2e4')).toBe(12 | (28 << 6));
  expect(() => moveNumber('e9')).toThrow();
});

test('the context word is the one of engine/encoding.py', () => {
  expect(
    contextWord(
      31337,
      '0x5FbDB2315678afecb367f032d93F642f64180aa3',
      3,
      7,
      '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    ),
  ).toBe(3740273378399575170023427800896509754648671119405173386295331879929806181311n);
});

test('the best legal move has its bit set and no other legal move has', () => {
  const pos = position(START);
  const words = (indices: number[]) => {
    const bitmap = Array<bigint>(25).fill(0n);
    for (const index of indices) {
      const [plane, square] = [Math.floor(index / 64), index % 64];
      const shift = BigInt(72 * (plane < 72 ? 2 - (plane % 3) : 0) + square + Math.floor(square / 8));
      const at = Math.floor(plane / 3);
      bitmap[at] = (bitmap[at] ?? 0n) | (1n << shift);
    }
    return bitmap;
  };
  const indexOf = (move: string) => [...legalIndices(pos)].find(([, uci]) => uci === move)?.[0] ?? -1;
  const illegal = 64 * 72;
  expect(isBestLegal(START, 'e2e4', words([indexOf('e2e4'), illegal]))).toBe(true);
  expect(isBestLegal(START, 'e2e4', words([illegal]))).toBe(false);
  expect(isBestLegal(START, 'e2e4', words([indexOf('e2e4'), indexOf('d2d4')]))).toBe(false);
});
