// The visitor's wallet: the local chain's browser wallet, an extension that announced itself, or an app by WalletConnect.

import { askFaucet, type Config } from '../api.ts';
import type { Announced, Wallet } from '../chain.ts';
import { WALLETCONNECT } from '../kept.ts';
import { w } from '../words/index.ts';
import { refreshAccount, refreshBalance, refreshMine } from './account.ts';
import type { Context } from './context.ts';

const slot = (context: Context) => `proofmate:wallet:${context.state().config?.chainId ?? 0}`;

export async function restoreBurner(context: Context): Promise<void> {
  const { config } = context.state();
  const stored = localStorage.getItem(slot(context));
  if (!config?.local || (stored !== null && stored !== 'burner')) return;
  const { burner } = await import('../chain.ts');
  setWallet(context, burner(config));
}

/** A wallet extension is there; the one used last is connected again without asking. */
export function announced(context: Context, wallet: Announced): void {
  const { wallets, config } = context.state();
  context.update({ wallets: [...wallets, wallet] });
  listen(context, wallet);
  if (config === null || localStorage.getItem(slot(context)) !== wallet.id) return;
  adopt(context, wallet).catch(() => {});
}

/** Account and chain of a wallet can change at any time. Its chain is asked for before each transaction. */
function listen(context: Context, wallet: Announced): void {
  wallet.provider.on?.('accountsChanged', (accounts) => accountsChanged(context, wallet, accounts));
  wallet.provider.on?.('chainChanged', () => context.state().wallet?.id === wallet.id && refreshBalance(context));
}

/** The wallet app that this browser was paired with is connected again without asking. */
export async function resumePaired(context: Context): Promise<void> {
  const { config } = context.state();
  if (!config?.walletConnect || localStorage.getItem(slot(context)) !== WALLETCONNECT) return;
  const { resumed } = await import('../walletconnect.ts');
  const wallet = await resumed(config).catch(() => null);
  if (wallet !== null) await paired(context, wallet);
}

/** Shows what a wallet app must scan or open, until one has answered. */
async function pairApp(context: Context, config: Config): Promise<void> {
  const { pair } = await import('../walletconnect.ts');
  try {
    const wallet = await pair(config, (pairing) => context.update({ pairing }));
    localStorage.setItem(slot(context), WALLETCONNECT);
    await paired(context, wallet);
  } finally {
    context.update({ pairing: null });
  }
}

async function paired(context: Context, wallet: Announced): Promise<void> {
  if (context.paired !== wallet.provider) {
    context.paired = wallet.provider;
    listen(context, wallet);
    // The app ended the session; an extension's `disconnect` says only that it lost its chain.
    wallet.provider.on?.('disconnect', () => accountsChanged(context, wallet, []));
  }
  await adopt(context, wallet);
}

/** Uses the account that a wallet already shares with this page. */
async function adopt(context: Context, from: Announced): Promise<void> {
  const { config } = context.state();
  if (config === null) return;
  const { connect } = await import('../chain.ts');
  const connected = await connect(config, from, false);
  if (connected !== null) setWallet(context, connected);
}

function setWallet(context: Context, wallet: Wallet): void {
  context.update({ wallet, kept: null, balance: null, proposal: null });
  void refreshBalance(context);
  void refreshAccount(context);
  void refreshMine(context);
  void firstFunds(context, wallet);
}

/** A browser wallet that holds nothing asks the faucet by itself, so that a visitor can stake at once. */
export async function firstFunds(context: Context, wallet: Wallet): Promise<void> {
  const { config } = context.state();
  if (wallet.kind !== 'burner' || !config?.faucet) return;
  try {
    if ((await context.chain?.getBalance({ address: wallet.address })) === 0n) await askFaucet(wallet.address);
  } catch {
    // Asked again with the next look around; the button in the wallet menu shows why it fails.
  }
  await refreshBalance(context);
}

export function useWallet(context: Context, id: string): void {
  const { config, wallets } = context.state();
  if (config === null) return;
  if (id === WALLETCONNECT) {
    void context.attempt(w.wallet.waiting, () => pairApp(context, config));
    return;
  }
  localStorage.setItem(slot(context), id);
  const chosen = wallets.find((wallet) => wallet.id === id);
  if (chosen === undefined) {
    void restoreBurner(context);
    return;
  }
  void context.attempt(w.wallet.waiting, async () => {
    const { connect } = await import('../chain.ts');
    const wallet = await connect(config, chosen, true);
    if (wallet === null) throw new Error(w.wallet.noAccount);
    setWallet(context, wallet);
  });
}

function accountsChanged(context: Context, from: Announced, accounts: readonly string[]): void {
  const { config, wallet } = context.state();
  if (config === null || wallet?.id !== from.id) return;
  if (accounts.length === 0) context.update({ wallet: null, kept: null, balance: null, proposal: null });
  else adopt(context, from).catch(() => {});
}

export function fund(context: Context): void {
  const { wallet } = context.state();
  if (wallet === null) return;
  void context.attempt(w.wallet.funding, async () => {
    await askFaucet(wallet.address);
    await refreshBalance(context);
    context.notify(w.wallet.funded);
  });
}
