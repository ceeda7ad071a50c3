import { expect, test } from 'vitest';
import { after, multiple, payout, type Stakes, throwing } from '../src/payout.ts';

const stakes = (world: bigint, leela: bigint, more: Partial<Stakes> = {}): Stakes => ({
  world,
  leela,
  pot: 0n,
  maxOdds: 10n,
  fee: 0n,
  ...more,
});

test('the winners share the other pool pro rata', () => {
  const s = stakes(30n, 60n);
  expect(payout(s, 'world', 10n, 'world')).toBe(30n);
  expect(payout(s, 'leela', 60n, 'world')).toBe(0n);
  expect(payout(s, 'leela', 20n, 'leela')).toBe(30n);
  expect(payout(s, 'world', 30n, 'leela')).toBe(0n);
});

test('one wei cannot take a whole pool: what maxOdds leaves returns to the losers', () => {
  const s = stakes(1n, 1000n);
  expect(payout(s, 'world', 1n, 'world')).toBe(11n);
  expect(payout(s, 'leela', 500n, 'world')).toBe(495n);
});

test('the fee is taken from the winnings of the other pool only, the pot goes to the World only', () => {
  const s = stakes(1000n, 1000n, { fee: 200n, pot: 500n });
  expect(payout(s, 'world', 1000n, 'world')).toBe(2480n);
  expect(payout(s, 'leela', 1000n, 'leela')).toBe(1980n);
});

test('a closed Leela pool: stakes return, only the pot is played for', () => {
  const s = stakes(300n, 0n, { pot: 100n });
  expect(payout(s, 'world', 100n, 'world')).toBe(133n);
  expect(payout(s, 'world', 100n, 'leela')).toBe(100n);
});

test('nothing is paid out of nothing', () => {
  expect(payout(stakes(0n, 5n), 'world', 0n, 'world')).toBe(0n);
  expect(multiple(stakes(0n, 5n), 'world')).toBeNull();
  expect(multiple(after(stakes(0n, 5n), 'world', 5n), 'world')).toBe(2);
});

test('never more out than in, at most one wei of dust an account', () => {
  let seed = 1n;
  const random = (below: bigint) => {
    seed = (seed * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return (seed >> 16n) % below;
  };
  for (let round = 0; round < 500; round++) {
    const accounts = Array.from(
      { length: 6 },
      (_, i) => ({ side: i % 2 === 0 ? 'world' : 'leela', stake: random(50n) + 1n }) as const,
    );
    const pool = (side: string) => accounts.filter((a) => a.side === side).reduce((sum, a) => sum + a.stake, 0n);
    const s = stakes(pool('world'), pool('leela'), { pot: random(20n), maxOdds: random(4n) + 1n, fee: random(501n) });
    for (const winner of ['world', 'leela'] as const) {
      const won = winner === 'world' ? ([s.leela, s.world] as const) : ([s.world, s.leela] as const);
      const matched = won[0] < s.maxOdds * won[1] ? won[0] : s.maxOdds * won[1];
      const fee = (matched * s.fee) / 10000n;
      const paid = accounts.reduce((sum, a) => sum + payout(s, a.side, a.stake, winner), 0n);
      const inside = s.world + s.leela + (winner === 'world' ? s.pot : 0n) - fee;
      expect(paid <= inside && inside - paid <= 6n).toBe(true);
    }
  }
});

test('the stakes with which losing on purpose could pay', () => {
  const least = throwing(stakes(100n, 100n, { fee: 200n }), 5000);
  expect(least).toMatchObject({ a: 0.5, world: 50n, leela: 51n });
  expect(throwing(stakes(100n, 0n), 5000)).toBeNull();
  expect(throwing(stakes(100n, 100n, { fee: 1000n }), 9500)).toBeNull();
  // With them, what Leela's stake wins is at least what the World's loses.
  const pools = stakes(1_000_000n, 1_000_000n, { fee: 200n });
  const { world, leela } = throwing(pools, 5000) ?? { world: 0n, leela: 0n };
  const back = payout(pools, 'world', world, 'leela') + payout(pools, 'leela', leela + 2n, 'leela');
  expect(back).toBeGreaterThanOrEqual(world + leela);
});
