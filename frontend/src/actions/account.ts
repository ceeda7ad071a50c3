// What the server and the chain know of the visitor's account: its stake, ballot and balance.

import { type Account, fetchAccount, fetchAccountGames, sendBallot } from '../api.ts';
import { Held } from '../held.ts';
import { keptBallot } from '../kept.ts';
import { mayVote, ownBallot } from '../state.ts';
import { type Context, identity, pause } from './context.ts';

/** Asks the server for this account; one request at a time, and one more if something changed since. */
export async function refreshAccount(context: Context): Promise<void> {
  const { wallet, game } = context.state();
  if (wallet === null || game === null) return;
  if (context.account.asking) {
    context.account.stale = true;
    return;
  }
  context.account.asking = true;
  context.update({ kept: keptBallot(identity(game), wallet.address, game.ply) });
  try {
    void refreshBalance(context);
    const account = await fetchAccount(game.id, wallet.address).catch(() => null);
    const now = context.state();
    if (account !== null && now.wallet?.address === wallet.address && now.game?.id === game.id) {
      context.update({ held: new Held(game.id, wallet.address, account) });
      if (ownBallot(context.state()) !== null) context.update({ proposal: null });
      void resend(context, account);
    }
  } finally {
    context.account.asking = false;
  }
  if (context.account.stale) {
    context.account.stale = false;
    await pause(200);
    await refreshAccount(context);
  }
}

export async function refreshBalance(context: Context): Promise<void> {
  const { wallet } = context.state();
  if (wallet === null) return;
  const asked = ++context.balances;
  const balance = await context.chain?.getBalance({ address: wallet.address }).catch(() => undefined);
  if (balance !== undefined && asked === context.balances) context.update({ balance });
}

/** A ballot that the relay acknowledged and the server does not know, after a loss on its side, is sent again once. */
async function resend(context: Context, account: Account): Promise<void> {
  const { game, kept, task } = context.state();
  if (game?.vote == null || task !== null || !mayVote(context.state()).may) return;
  if (kept === null || kept.ballot.ply !== game.vote.ply || kept.ballot.seat !== account.seat) return;
  const name = `${game.id}:${kept.ballot.ply}:${kept.ballot.signature}`;
  if (context.resent === name) return;
  context.resent = name;
  if (await sendBallot(game.id, kept.ballot).catch(() => null)) await refreshAccount(context);
}

/** Asks for every game of this account, `more` of them after those that are known. */
export async function refreshMine(context: Context, more = false): Promise<void> {
  const { wallet, mine } = context.state();
  if (wallet === null) return;
  const known = mine !== null && mine.owner === wallet.address ? mine : null;
  const found = await fetchAccountGames(wallet.address, more ? (known?.more ?? null) : null).catch(() => null);
  if (found === null || context.state().wallet?.address !== wallet.address) return;
  const games = more && known !== null ? [...known.games, ...found.games] : found.games;
  context.update({ mine: { owner: wallet.address, games, more: found.before } });
}

export const moreOfMine = (context: Context): void => void refreshMine(context, true);
