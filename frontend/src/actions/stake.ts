// Money: stakes, claims, and the calls that anyone may make when a wait is over.

import type { Address } from 'viem';
import type { Side } from '../api.ts';
import { coins, parseCoins } from '../format.ts';
import type { GameIdentity } from '../kept.ts';
import { accountOf, type Overdue } from '../state.ts';
import { w } from '../words/index.ts';
import { refreshAccount, refreshMine } from './account.ts';
import { type Context, identity } from './context.ts';

/** Who stakes on Leela has no vote key. */
const NOBODY: Address = '0x0000000000000000000000000000000000000000';

/** The part of the contract's seat that is read here. */
interface Seat {
  voteKey: Address;
}

export function setSide(context: Context, side: Side): void {
  context.update({ side });
}

export function setAmount(context: Context, amount: string): void {
  context.update({ amount });
}

export function stake(context: Context): void {
  const { game, wallet, amount } = context.state();
  const wei = parseCoins(amount);
  if (game === null || wallet === null || wei === null) return;
  const side = accountOf(context.state())?.side ?? context.state().side;
  void context.attempt(w.lobby.sending, async () => {
    const at = identity(game);
    const voteKey = side === 'world' ? await seatKey(context, at, wallet.address) : NOBODY;
    await context.transaction(w.lobby.sending, 'stake', [BigInt(game.id), side === 'world' ? 0 : 1, voteKey], wei);
    context.notify(w.lobby.done(coins(wei), side));
    await refreshAccount(context);
  });
}

/**
 * The vote key a World stake must name: the one of the account's seat if the chain knows a seat (another browser may
 * hold it), else this browser's. Asked of the chain, so that a server cannot slip in a key of its own.
 */
async function seatKey(context: Context, at: GameIdentity, account: Address): Promise<Address> {
  const { config } = context.state();
  if (config === null || context.chain === null) throw new Error(w.lobby.unknownChain);
  const call = { address: config.contract, abi: config.abi };
  const game = BigInt(at.game);
  const [, amount, number] = (await context.chain.readContract({
    ...call,
    functionName: 'stakeOf',
    args: [game, account],
  })) as [number, bigint, number];
  const { ensureVoteKey, voteAddress } = await import('../ballot.ts');
  if (amount === 0n) return voteAddress(ensureVoteKey(at, account));
  const seat = (await context.chain.readContract({ ...call, functionName: 'seat', args: [game, number] })) as Seat;
  return seat.voteKey;
}

/** Takes the whole stake back, while the lobby lets one leave. */
export function unstake(context: Context): void {
  const { game } = context.state();
  if (game === null) return;
  void context.attempt(w.lobby.takingBack, async () => {
    await context.transaction(w.lobby.takingBack, 'withdraw', [BigInt(game.id)]);
    context.notify(w.lobby.tookBack);
    await refreshAccount(context);
  });
}

/** Claims what a game owes this account. */
export function claim(context: Context, game: number, owed: string): void {
  const { wallet } = context.state();
  if (wallet === null) return;
  void context.attempt(w.over.claiming, async () => {
    await context.transaction(w.over.claiming, 'claim', [BigInt(game), wallet.address]);
    context.notify(w.over.paid(coins(owed)));
    await Promise.all([refreshAccount(context), refreshMine(context)]);
  });
}

export function hurry(context: Context, call: Overdue): void {
  const { game } = context.state();
  if (game === null) return;
  void context.attempt(w.over.sending, async () => {
    await context.transaction(w.over.sending, call, [BigInt(game.id)]);
  });
}
