import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  bitmapHas,
  boardWords,
  legalIndices,
  moveNumber,
  moveOfNumber,
  position,
  positionKey,
  readMove,
  sanOf,
  squareText,
} from '../src/position.ts';
import { contextWord, isBestLegal } from '../src/verify.ts';

const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';
const CASTLING = 'r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1';
const PROMOTING = '8/1P4k1/8/8/8/8/6K1/R7 w - - 0 40';

const DEV = '/tmp/fe_vectors.json';
describe.skipIf(!existsSync(DEV))('dev', () => {
  test('x', () => {
    for (const v of JSON.parse(readFileSync(DEV, 'utf8'))) {
      const pos = position(v.fen);
      expect(positionKey(pos)).toBe(v.key);
      expect(boardWords(pos, false).map((w) => `0x${w.toString(16)}`)).toEqual(v.board);
      expect(boardWords(pos, true).map((w) => `0x${w.toString(16)}`)).toEqual(v.repeated);
      const legal = legalIndices(pos);
      expect(Object.fromEntries([...legal].sort((a, b) => a[0] - b[0]))).toEqual(v.legal);
      for (const uci of legal.values()) expect(moveNumber(uci)).toBe(v.numbers[uci]);
      const bitmap = v.bitmap.map(BigInt);
      for (let i = 0; i < 4672; i++) expect(bitmapHas(bitmap, i)).toBe(legal.has(i));
    }
  });
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
