// Rule 10 of the game: who is paid what. The contract decides; this mirror shows what a stake would pay.

export interface Stakes {
  world: bigint;
  leela: bigint;
  /** The sponsor's prize, won by the World only. */
  pot: bigint;
  /** A winner wins at most this many times the stake from the other pool. */
  maxOdds: bigint;
  /** Share of the winnings from the other pool that goes to the creator, in basis points. */
  fee: bigint;
}

export type PoolName = 'world' | 'leela';

const BASIS = 10_000n;
const least = (a: bigint, b: bigint) => (a < b ? a : b);

/** What a stake gets back in all if `winner` wins, rounded down as the contract rounds it. */
export function payout(stakes: Stakes, side: PoolName, stake: bigint, winner: PoolName): bigint {
  const [own, other] = side === 'world' ? [stakes.world, stakes.leela] : [stakes.leela, stakes.world];
  if (own === 0n || stake === 0n) return 0n;
  if (side !== winner) {
    const lost = least(own, stakes.maxOdds * other);
    return (stake * (own - lost)) / own;
  }
  const won = least(other, stakes.maxOdds * own);
  const fee = (won * stakes.fee) / BASIS;
  const prize = side === 'world' ? stakes.pot : 0n;
  return stake + (stake * (won - fee + prize)) / own;
}

/** The pools after one more stake. */
export function after(stakes: Stakes, side: PoolName, stake: bigint): Stakes {
  return { ...stakes, [side]: stakes[side] + stake };
}

/**
 * The stakes with which losing on purpose could pay: the quorum of the World's, so that a bad move leads if nobody else votes, and
 * of Leela's more than what is lost with it once the fee is paid (the World's share a, Leela's b: b (1 - fee) > a). Null if that
 * is more than there is, or if a side has no stakes. The quorum is in basis points.
 */
export function throwing(
  { world, leela, fee }: Stakes,
  quorum: number,
): { a: number; b: number; world: bigint; leela: bigint } | null {
  const a = quorum / Number(BASIS);
  const b = a / (1 - Number(fee) / Number(BASIS));
  if (b >= 1 || world === 0n || leela === 0n) return null;
  const part = (pool: bigint, share: number) => (pool * BigInt(Math.ceil(share * 1_000_000))) / 1_000_000n;
  return { a, b, world: part(world, a), leela: part(leela, b) };
}

/** What one staked coin pays if its side wins, as a number for display; null while nobody staked on it. */
export function multiple(stakes: Stakes, side: PoolName): number | null {
  const own = stakes[side];
  if (own === 0n) return null;
  const scale = 10n ** 18n;
  return Number((payout(stakes, side, own, side) * scale) / own) / Number(scale);
}
