import { describe, expect, test } from 'vitest';
import vectors from '../../tests/vectors/vault.json';
import {
  amount,
  parseAmount,
  partOf,
  priceOf,
  priceOfShares,
  sharesFor,
  type Vault,
  withSlack,
  worthOfShares,
} from '../src/vault.ts';
import { decisionContext, inputWords, isSet } from '../src/vaultcheck.ts';
import { enVault } from '../src/words/en.vault.ts';
import { zhVault } from '../src/words/zh.vault.ts';

const vault = { base: '1000', quote: '3001', shares: '700' } as Vault;

describe('shares', () => {
  test('a deposit pays its exact part, rounded up, and a redemption gets it rounded down', () => {
    expect(priceOfShares(vault, 7n)).toEqual({ base: 10n, quote: 31n });
    expect(worthOfShares(vault, 7n)).toEqual({ base: 10n, quote: 30n });
    expect(worthOfShares({ ...vault, shares: '0' }, 0n)).toEqual({ base: 0n, quote: 0n });
  });

  test('so much of the base pays for so many shares and no more', () => {
    for (const given of [1n, 10n, 11n, 999n, 12_345n]) {
      const shares = sharesFor(vault, given);
      expect(priceOfShares(vault, shares).base).toBeLessThanOrEqual(given);
      expect(priceOfShares(vault, shares + 2n).base).toBeGreaterThan(given);
    }
    expect(sharesFor({ ...vault, base: '0' }, 3001n)).toBe(700n);
    expect(withSlack(1000n)).toBe(1006n);
  });
});

test('buckets buy, sell or hold', () => {
  expect(Array.from({ length: 12 }, (_, bucket) => partOf(bucket))).toEqual([
    ...[-1000, -500, -250, -250, -0, -0],
    ...[0, 0, 250, 250, 500, 1000],
  ]);
});

test('amounts as people read and write them', () => {
  expect(amount(1_234_567_890_000_000_000_000n, 18)).toBe('1\u202f234.5678');
  expect(amount('-61000000', 6, 2)).toBe('−61');
  expect(amount(5n, 18)).toBe('0');
  expect(parseAmount('0.5', 18)).toBe(500_000_000_000_000_000n);
  expect(parseAmount('1,25', 6)).toBe(1_250_000n);
  for (const wrong of ['', '0', '-1', '1e3', '0.1234567', 'all', '9'.repeat(30)])
    expect(parseAmount(wrong, 6), wrong).toBeNull();
  const token = (decimals: number) => ({ address: '', symbol: '', decimals });
  expect(priceOf(78_000, { base: token(18), quote: token(18) })).toBeCloseTo(2440, -1);
  expect(priceOf(-198_000, { base: token(18), quote: token(6) })).toBeCloseTo(2519, -1);
});

test('public words are those of the prover and the contract', () => {
  for (const { features, words, chainId, vault, hour, payee, context } of vectors) {
    expect(inputWords(features).map((word) => `0x${word.toString(16)}`)).toEqual(words);
    const made = decisionContext(chainId, vault as `0x${string}`, hour, payee as `0x${string}`);
    expect(`0x${made.toString(16)}`).toBe(context);
  }
});

test('a class is set on b2 of its plane', () => {
  for (let bucket = 0; bucket < 12; bucket++) {
    const bitmap = [0n, 0n, 0n, 0n];
    bitmap[Math.floor(bucket / 3)] = 1n << (72n * BigInt(2 - (bucket % 3)) + 10n);
    for (let other = 0; other < 12; other++) expect(isSet(bitmap, other)).toBe(other === bucket);
  }
});

test('the languages say the same things', () => {
  const paths = (tree: unknown, at = ''): string[] =>
    typeof tree !== 'object' || tree === null
      ? [at]
      : Object.entries(tree).flatMap(([key, value]) => paths(value, `${at}.${key}`));
  expect(paths(zhVault)).toEqual(paths(enVault));
});
