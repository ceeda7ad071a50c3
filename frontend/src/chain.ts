// The chain as the page uses it: one read client, a wallet (the local chain's burner or any EIP-6963 extension), and
// errors in words.

import {
  type Abi,
  type Account,
  type Address,
  type Chain,
  type Client,
  createClient,
  custom,
  defineChain,
  type EIP1193Provider,
  encodeFunctionData,
  type Hex,
  http,
  type PublicClient,
  type Transport,
  toHex,
  type WalletClient,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import {
  estimateFeesPerGas,
  estimateGas,
  getBalance,
  getCode,
  getTransaction,
  getTransactionCount,
  getTransactionReceipt,
  readContract,
  simulateContract,
  waitForTransactionReceipt,
  writeContract,
} from 'viem/actions';
import type { Config } from './api.ts';
import { burnerKey } from './ballot.ts';
import { w } from './words/index.ts';

export interface Wallet {
  kind: 'burner' | 'extension';
  /** Of the extension, to find it again after a reload. */
  id: string;
  name: string;
  address: Address;
  client: Pick<WalletClient, 'account' | 'writeContract'>;
  provider: EIP1193Provider | null;
}

/** A wallet extension that announced itself (EIP-6963). */
export interface Announced {
  id: string;
  name: string;
  icon: string | null;
  provider: EIP1193Provider;
}

export function chainOf(config: Config): Chain {
  const rpc = new URL(config.rpc, location.href).href;
  return defineChain({
    id: config.chainId,
    name: config.local ? 'Proofmate local chain' : `Chain ${config.chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpc] } },
  });
}

/** What the page asks the chain: a client with all of viem's actions is two thirds more code before a vote. */
const READS = {
  ...{ estimateFeesPerGas, estimateGas, getBalance, getCode, getTransaction, getTransactionCount },
  ...{ getTransactionReceipt, readContract, simulateContract, waitForTransactionReceipt },
};

export type Reader = Pick<PublicClient, keyof typeof READS>;

export function reader(config: Config): Reader {
  const pollingInterval = config.local ? 300 : 2_000;
  const client = createClient({ chain: chainOf(config), transport: http(), pollingInterval });
  const bound = Object.entries(READS).map(([name, read]) => [
    name,
    (args: unknown) => (read as (client: Client, args: unknown) => unknown)(client, args),
  ]);
  return Object.fromEntries(bound) as Reader;
}

function writer(config: Config, account: Account | Address, transport: Transport): Wallet['client'] {
  const client = createClient({ account, chain: chainOf(config), transport });
  return { account: client.account, writeContract: (call) => writeContract(client, call) };
}

/** The burner wallet: a key in this browser, for local chains only. */
export function burner(config: Config): Wallet {
  const account = privateKeyToAccount(burnerKey(config.chainId));
  const client = writer(config, account, http());
  return { kind: 'burner', id: 'burner', name: w.wallet.browser, address: account.address, client, provider: null };
}

/** Listens for wallet extensions; each is reported once. */
export function discover(onWallet: (wallet: Announced) => void): void {
  const seen = new Set<string>();
  window.addEventListener('eip6963:announceProvider', (event) => {
    const detail = (event as CustomEvent).detail as
      | { info?: { uuid?: unknown; rdns?: unknown; name?: unknown; icon?: unknown }; provider?: EIP1193Provider }
      | undefined;
    const { rdns, name, icon } = detail?.info ?? {};
    if (detail?.provider === undefined || typeof rdns !== 'string' || typeof name !== 'string' || seen.has(rdns))
      return;
    seen.add(rdns);
    // Only an image's own data may be drawn: an address would tell its owner who is here.
    const picture = typeof icon === 'string' && icon.startsWith('data:image/') ? icon : null;
    onWallet({ id: rdns, name: name.slice(0, 40), icon: picture, provider: detail.provider });
  });
  window.dispatchEvent(new Event('eip6963:requestProvider'));
}

/** Connects an extension; `ask` shows its window, otherwise only accounts it already shares are used. */
export async function connect(config: Config, announced: Announced, ask: boolean): Promise<Wallet | null> {
  const { provider } = announced;
  const accounts = await provider.request({ method: ask ? 'eth_requestAccounts' : 'eth_accounts' });
  const address = accounts[0];
  if (address === undefined) return null;
  const client = writer(config, address, custom(provider));
  return { kind: 'extension', id: announced.id, name: announced.name, address, client, provider };
}

/** Brings an extension to the game's chain, adding it where the wallet does not know it. */
export async function ensureChain(config: Config, wallet: Wallet): Promise<void> {
  if (wallet.provider === null) return;
  const chainId = toHex(config.chainId);
  if (BigInt(await wallet.provider.request({ method: 'eth_chainId' })) === BigInt(config.chainId)) return;
  try {
    await wallet.provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] });
  } catch (error) {
    if ((error as { code?: number }).code !== 4902) throw error;
    const { name, nativeCurrency, rpcUrls } = chainOf(config);
    await wallet.provider.request({
      method: 'wallet_addEthereumChain',
      params: [{ chainId, chainName: name, nativeCurrency, rpcUrls: [...rpcUrls.default.http] }],
    });
    await wallet.provider.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] });
  }
}

/** Simulates a call of the game contract, sends it, and waits until it is in a block. */
export async function transact(
  config: Config,
  read: Reader,
  wallet: Wallet,
  functionName: string,
  args: readonly unknown[],
  value = 0n,
): Promise<Hex> {
  await ensureChain(config, wallet);
  const call = { address: config.contract, abi: config.abi as Abi, functionName, args, value };
  const account = wallet.client.account ?? wallet.address;
  await read.simulateContract({ ...call, account });
  // A wallet fills in gas and fees itself; the burner's are asked of the chain with plain reads.
  const filled =
    wallet.kind === 'burner'
      ? await fill(read, wallet.address, config.contract, encodeFunctionData(call), value, config.chainId)
      : {};
  const hash = await wallet.client.writeContract({ ...call, ...filled, account, chain: chainOf(config) });
  let replaced = false;
  const receipt = await read.waitForTransactionReceipt({
    hash,
    timeout: 180_000,
    onReplaced: ({ reason }) => {
      replaced = reason !== 'repriced';
    },
  });
  if (replaced) throw new Error(w.problems.replaced);
  if (receipt.status !== 'success') throw new Error(w.problems.reverted);
  return receipt.transactionHash;
}

async function fill(read: Reader, account: Address, to: Address, data: Hex, value: bigint, chainId: number) {
  const [gas, nonce, fees] = await Promise.all([
    read.estimateGas({ account, to, data, value }),
    read.getTransactionCount({ address: account, blockTag: 'pending' }),
    read.estimateFeesPerGas(),
  ]);
  return { gas: (gas * 5n) / 4n, nonce, ...fees, chainId };
}
