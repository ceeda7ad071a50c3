// What the actions share: the state and its change, the chain, and how a visitor's task is run.

import type { EIP1193Provider, Hex } from 'viem';
import type { Game } from '../api.ts';
import type { Reader } from '../chain.ts';
import { explain } from '../explain.ts';
import type { GameIdentity } from '../kept.ts';
import type { State } from '../state.ts';
import type { VaultPage } from '../views/vault.ts';
import { w } from '../words/index.ts';

/** How long a notice stays, in milliseconds. */
const NOTICE = 5_000;
/** How long a problem stays. */
const PROBLEM = 20_000;

export class Context {
  /** Reads the chain; null until the server's settings are known. */
  chain: Reader | null = null;
  /** Settles when the chain's code and the wallets are here; null until they are asked for. */
  connecting: Promise<void> | null = null;
  /** The app by WalletConnect that is listened to. */
  paired: EIP1193Provider | null = null;
  /** Ends the stream of the game that is shown. */
  unfollow: () => void = () => {};
  /** The vault's page, once it was fetched. */
  vault: VaultPage | null = null;
  /** Whether the account is being asked for, and whether something changed since the question. */
  account = { asking: false, stale: false };
  /** How often the balance was asked for: an answer that was overtaken by a later question is dropped. */
  balances = 0;
  /** The ballot that was sent again last. */
  resent = '';

  constructor(
    readonly state: () => State,
    private readonly change: (change: Partial<State>) => void,
  ) {}

  /** Replaces parts of the state. A problem goes away by itself after a while. */
  update(change: Partial<State>): void {
    this.change(change);
    const { problem } = change;
    if (problem) setTimeout(() => this.state().problem === problem && this.change({ problem: null }), PROBLEM);
  }

  /** Runs a task of the visitor's: one at a time, its failure told in one sentence. */
  async attempt(task: string, work: () => Promise<void>): Promise<void> {
    if (this.state().task !== null) return;
    this.update({ task, problem: null, notice: null });
    try {
      await work();
    } catch (error) {
      this.update({ problem: explain(error) });
    } finally {
      this.update({ task: null });
    }
  }

  notify(notice: string): void {
    this.update({ notice });
    setTimeout(() => this.state().notice === notice && this.update({ notice: null }), NOTICE);
  }

  /** Calls the game contract from the visitor's wallet; `task` says what is being done. */
  async transaction(task: string, name: string, args: readonly unknown[], value = 0n): Promise<Hex> {
    const { config, wallet } = this.state();
    if (config === null || wallet === null || this.chain === null) throw new Error(w.wallet.first);
    if (wallet.kind === 'extension') this.update({ task: w.wallet.confirm(task) });
    const { transact } = await import('../chain.ts');
    return transact(config, this.chain, wallet, name, args, value);
  }
}

export const identity = (game: Game): GameIdentity => ({
  chainId: game.chainId,
  contract: game.contract,
  game: game.id,
});

export const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
