// What is known of the visitor's account: nothing, not yet, or what the server said of one account in one game.

import type { Address } from 'viem';
import type { Account, Game } from './api.ts';

/** An account as the server told it. It is handed out for its own game and owner only, so it is never another's. */
export class Held {
  readonly #account: Account;

  constructor(
    readonly game: number,
    readonly owner: Address,
    account: Account,
  ) {
    this.#account = account;
  }

  of(game: Pick<Game, 'id'>, owner: Address): Account | null {
    return game.id === this.game && owner === this.owner ? this.#account : null;
  }
}

export type Holding =
  /** No wallet, or no game. */
  | { is: 'absent' }
  | { is: 'loading' }
  /** `current`: the account is at least as new as the game shown, so that a verdict may be told. */
  | { is: 'known'; account: Account; current: boolean };

/** What is known of an owner's account in the game that is shown. */
export function holding(held: Held | null, game: Game | null, owner: Address | null): Holding {
  if (game === null || owner === null) return { is: 'absent' };
  const account = held?.of(game, owner) ?? null;
  return account === null ? { is: 'loading' } : { is: 'known', account, current: account.version >= game.version };
}
