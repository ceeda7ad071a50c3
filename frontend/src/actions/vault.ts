// What the vault's page knows and does: it looks at the server and the chain while it is shown, and calls the contracts.

import type { Abi, Address } from 'viem';
import { ApiError } from '../api.ts';
import type { Finding } from '../checks.ts';
import { explain } from '../explain.ts';
import {
  type Decision,
  fetchVault,
  fetchVaultContract,
  fetchVaultNetwork,
  type NetworkPassport,
  type Purse,
  priceOfShares,
  type Vault,
  type VaultContract,
  withSlack,
} from '../vault.ts';
import type { VaultWords } from '../words/en.vault.ts';
import type { Context } from './context.ts';
import { connectChain } from './session.ts';

/** How often the vault is asked for while it is looked at, in milliseconds. */
const LOOK = 2_000;
/** Mints tokens of a local chain, for nothing: in the tokens' smallest units of 18 decimals. */
const MINTED = { base: 10n * 10n ** 18n, quote: 25_000n * 10n ** 18n };
const MINT: Abi = [
  {
    type: 'function',
    name: 'mint',
    stateMutability: 'nonpayable',
    inputs: [
      { name: 'to', type: 'address' },
      { name: 'amount', type: 'uint256' },
    ],
    outputs: [],
  },
];

export interface Known {
  contract: VaultContract | null;
  vault: Vault | null;
  network: NetworkPassport | null;
  purse: { owner: Address; is: Purse } | null;
  /** Why there is nothing to show; `none`: this server has no vault. */
  absent: { why: string; none: boolean } | null;
  /** As it is typed. */
  deposit: string;
  depositQuote: string;
  redeem: string;
  check: { hour: number; findings: Finding[]; problem: string | null; running: boolean } | null;
  /** Decisions shown. */
  shown: number;
}

export class VaultDesk {
  known: Known = {
    ...{ contract: null, vault: null, network: null, purse: null, absent: null },
    ...{ deposit: '0.1', depositQuote: '250', redeem: '', check: null, shown: 6 },
  };
  private timer = 0;

  constructor(
    readonly context: Context,
    readonly words: () => VaultWords,
  ) {}

  /** Looks on while the vault's page is shown. */
  enter(): void {
    this.leave();
    this.timer = window.setInterval(() => document.visibilityState === 'visible' && void this.look(), LOOK);
    void this.look();
    void connectChain(this.context);
  }

  leave(): void {
    window.clearInterval(this.timer);
  }

  tell(change: Partial<Known>): void {
    this.known = { ...this.known, ...change };
    this.context.update({});
  }

  async look(): Promise<void> {
    try {
      if (this.known.contract === null) {
        this.tell({ contract: await fetchVaultContract() });
        void fetchVaultNetwork().then(
          (network) => this.tell({ network }),
          () => {}, // the network is another one's: nothing is known of it
        );
      }
      const vault = await fetchVault();
      const skew = Math.max(vault.now - Date.now() / 1000, -1);
      this.context.update({ skew });
      this.tell({ vault, absent: null });
      if (this.context.chain === null) void connectChain(this.context);
      await this.lookIntoPurse();
    } catch (error) {
      const none = error instanceof ApiError && error.status === 404;
      if (none) this.leave();
      if (this.known.vault === null || none) this.tell({ absent: { why: explain(error), none } });
    }
  }

  private async lookIntoPurse(): Promise<void> {
    const { contract } = this.known;
    const { wallet } = this.context.state();
    const { chain } = this.context;
    if (contract === null || wallet === null || chain === null) return;
    const owner = wallet.address;
    const ask = (token: string, functionName: string, ...args: unknown[]) =>
      chain.readContract({ address: token as Address, abi: contract.abi, functionName, args }) as Promise<bigint>;
    const { address, base, quote } = contract;
    try {
      const [ofBase, ofQuote, shares, owedBase, owedQuote, allowedBase, allowedQuote] = await Promise.all([
        ask(base.address, 'balanceOf', owner),
        ask(quote.address, 'balanceOf', owner),
        ask(address, 'balanceOf', owner),
        ask(address, 'owed', owner, base.address),
        ask(address, 'owed', owner, quote.address),
        ask(base.address, 'allowance', owner, address),
        ask(quote.address, 'allowance', owner, address),
      ]);
      const is = { base: ofBase, quote: ofQuote, shares, owedBase, owedQuote, allowedBase, allowedQuote };
      this.tell({ purse: { owner, is } });
    } catch {
      // Asked again with the next look.
    }
  }

  /** Sends a call of a contract and waits for it. */
  private async send(task: string, to: string, abi: Abi, name: string, args: readonly unknown[]): Promise<void> {
    const { config, wallet } = this.context.state();
    const { chain } = this.context;
    if (config === null || wallet === null || chain === null) throw new Error(this.words().yours.connect);
    this.context.update({ task });
    const { transact } = await import('../chain.ts');
    await transact({ ...config, contract: to as Address, abi }, chain, wallet, name, args);
  }

  private act(task: string, done: string, work: (contract: VaultContract, me: Address) => Promise<void>): void {
    const { contract } = this.known;
    const { wallet } = this.context.state();
    if (contract === null || wallet === null) return;
    void this.context.attempt(task, async () => {
      await work(contract, wallet.address);
      this.context.notify(done);
      await this.look();
    });
  }

  /** Mints tokens of a local chain. */
  fund(): void {
    const { yours } = this.words();
    this.act(yours.funding, yours.funded, async ({ base, quote }, me) => {
      await this.send(yours.funding, base.address, MINT, 'mint', [me, MINTED.base]);
      await this.send(yours.funding, quote.address, MINT, 'mint', [me, MINTED.quote]);
    });
  }

  /** Deposits for a number of shares; of an empty vault, the two amounts. */
  deposit(shares: bigint, first: { base: bigint; quote: bigint } | null): void {
    const { vault, purse } = this.known;
    const { yours } = this.words();
    if (vault === null || purse === null) return;
    const price = first ?? priceOfShares(vault, shares);
    const most = first ?? { base: withSlack(price.base), quote: withSlack(price.quote) };
    this.act(yours.depositing, yours.deposited, async (contract, me) => {
      const { address, abi, base, quote } = contract;
      for (const [token, allowed, amount] of [
        [base, purse.is.allowedBase, most.base],
        [quote, purse.is.allowedQuote, most.quote],
      ] as const) {
        if (allowed < amount)
          await this.send(yours.approving(token.symbol), token.address, abi, 'approve', [address, amount]);
      }
      await this.send(yours.depositing, address, abi, 'deposit', [shares, most.base, most.quote, me]);
    });
  }

  redeem(shares: bigint): void {
    const { yours } = this.words();
    this.act(yours.redeeming, yours.redeemed, async ({ address, abi }, me) => {
      await this.send(yours.redeeming, address, abi, 'redeem', [shares, me]);
      this.tell({ redeem: '' });
    });
  }

  /** Takes what a redemption, or a proof, left owed. */
  claim(): void {
    const { yours } = this.words();
    const owed = this.known.purse?.is;
    if (owed === undefined) return;
    this.act(yours.claiming, yours.claimed, async ({ address, abi, base, quote }, me) => {
      if (owed.owedBase > 0n) await this.send(yours.claiming, address, abi, 'claim', [base.address, me]);
      if (owed.owedQuote > 0n) await this.send(yours.claiming, address, abi, 'claim', [quote.address, me]);
    });
  }

  /** Judges a decision's proof in this tab. */
  check(decision: Decision): void {
    const { contract, check } = this.known;
    const { chain } = this.context;
    if (contract === null || chain === null || check?.running === true) return;
    const { hour } = decision;
    const show = (change: Partial<NonNullable<Known['check']>>) => {
      const current = this.known.check;
      if (current?.hour === hour) this.tell({ check: { ...current, ...change } });
    };
    this.tell({ check: { hour, findings: [], problem: null, running: true } });
    void (async () => {
      try {
        const { checkDecision } = await import('../vaultcheck.ts');
        await checkDecision(contract, chain, decision, this.words(), (findings) => show({ findings }));
      } catch (error) {
        show({ problem: explain(error) });
      } finally {
        show({ running: false });
      }
    })();
  }
}
