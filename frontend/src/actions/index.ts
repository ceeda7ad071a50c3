// Everything a visitor can do, for the views to call.

import * as accounts from './account.ts';
import * as board from './board.ts';
import * as evidence from './check.ts';
import type { Context } from './context.ts';
import * as navigation from './navigate.ts';
import * as session from './session.ts';
import * as settings from './settings.ts';
import * as stakes from './stake.ts';
import * as taste from './taste.ts';
import * as votes from './vote.ts';
import * as wallets from './wallet.ts';

type Action = (context: Context, ...args: never[]) => unknown;

/** An action as a view calls it: its context is known. */
type Bound<A> = A extends (context: Context, ...args: infer P) => infer R ? (...args: P) => R : never;

const { retry, dismiss, connectChain } = session;
const { go } = navigation;
const { setLanguage, setTheme } = settings;
const { moreOfMine } = accounts;
const { view, flip, boardKey } = board;
const { play, promote, typeMove, submitTyped, withdraw, vote, voteByTransaction, setDirect } = votes;
const { setSide, setAmount, stake, unstake, claim, hurry } = stakes;
const { useWallet, fund } = wallets;
const { like } = taste;
const { check, downloadPgn, saveReceipt } = evidence;

const ACTIONS = {
  ...{ go, retry, dismiss, connectChain, setLanguage, setTheme, moreOfMine },
  ...{ view, flip, boardKey },
  ...{ play, promote, typeMove, submitTyped, withdraw, vote, voteByTransaction, setDirect },
  ...{ setSide, setAmount, stake, unstake, claim, hurry },
  ...{ useWallet, fund },
  ...{ check, downloadPgn, saveReceipt },
  ...{ like },
};

export type Actions = { readonly [name in keyof typeof ACTIONS]: Bound<(typeof ACTIONS)[name]> };

/** The actions on one context. */
export function bind(context: Context): Actions {
  const entries = Object.entries<Action>(ACTIONS).map(([name, action]) => [
    name,
    (...args: never[]) => action(context, ...args),
  ]);
  return Object.fromEntries(entries);
}
