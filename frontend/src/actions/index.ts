// Everything a visitor can do, for the views to call.

import * as board from './board.ts';
import * as evidence from './check.ts';
import type { Context } from './context.ts';
import * as session from './session.ts';
import * as stakes from './stake.ts';
import * as votes from './vote.ts';
import * as wallets from './wallet.ts';

type Action = (context: Context, ...args: never[]) => unknown;

/** An action as a view calls it: its context is known. */
type Bound<A> = A extends (context: Context, ...args: infer P) => infer R ? (...args: P) => R : never;

const { selectGame, setLanguage, dismiss } = session;
const { view, flip, boardKey } = board;
const { play, promote, typeMove, submitTyped, withdraw, vote, voteByTransaction, setDirect } = votes;
const { setSide, setAmount, stake, claim, hurry } = stakes;
const { openWallets, useWallet, fund } = wallets;
const { check, downloadPgn, saveReceipt } = evidence;

const ACTIONS = {
  ...{ selectGame, setLanguage, dismiss },
  ...{ view, flip, boardKey },
  ...{ play, promote, typeMove, submitTyped, withdraw, vote, voteByTransaction, setDirect },
  ...{ setSide, setAmount, stake, claim, hurry },
  ...{ openWallets, useWallet, fund },
  ...{ check, downloadPgn, saveReceipt },
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
