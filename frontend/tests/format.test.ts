import { expect, test } from 'vitest';
import { clock, coins, parseCoins, percent, period, shortHex } from '../src/format.ts';

test('amounts are shown short and never rounded up', () => {
  expect(coins('0')).toBe('0');
  expect(coins(10n ** 18n)).toBe('1');
  expect(coins(1_999_990_000_000_000_000n)).toBe('1.9999');
  expect(coins(1n)).toBe('<0.0001');
  expect(coins(12345n * 10n ** 18n)).toBe('12 345');
});

test('typed amounts: a comma is a point, nonsense is null', () => {
  expect(parseCoins(' 0,5 ')).toBe(5n * 10n ** 17n);
  expect(parseCoins('.1')).toBe(10n ** 17n);
  for (const bad of ['', '0', '-1', '1e3', '1.2.3', '0x10', 'ten', `0.${'0'.repeat(19)}1`, '9'.repeat(20)]) {
    expect(parseCoins(bad)).toBeNull();
  }
});

test('clocks and periods', () => {
  expect([clock(9), clock(299), clock(86399), clock(100800), clock(-3)]).toEqual([
    '0:09',
    '4:59',
    '23:59:59',
    '1 d 04:00',
    '0:00',
  ]);
  expect([period(300), period(86400), period(3600), period(90)]).toEqual([
    '5 minutes',
    '1 day',
    '1 hour',
    '90 seconds',
  ]);
});

test('shares and hashes', () => {
  expect([percent(0.0512), percent(0.5), percent(1)]).toEqual(['5.1%', '50%', '100%']);
  expect(shortHex(`0x${'ab'.repeat(20)}`)).toBe('0xabab…abab');
});
