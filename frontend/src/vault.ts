// The vault as the server tells it, and the arithmetic of its shares and prices. Amounts are in the tokens' smallest units.

import type { Abi } from 'viem';
import { getJson } from './api.ts';
import type { components } from './schema.ts';

type Schemas = components['schemas'];

export type VaultContract = Omit<Schemas['VaultContract'], 'abi'> & { abi: Abi };
export type Vault = Schemas['VaultDocument'];
export type HourView = Schemas['HourView'];
export type Decision = Schemas['Decision'];
export type Token = Schemas['Token'];
export type NetworkPassport = Schemas['NetworkPassport'];

/** What the walk-forward backtest of a network came to, and its course: time, vault, holding. */
export interface Backtest {
  examples: number;
  sign: number;
  sign_error: number;
  trades: number;
  vault: number;
  holding: number;
  course?: [time: number, vault: number, holding: number][];
}

/** What is known of an account: tokens, shares, what is owed to it, and what the vault may take. */
export interface Purse {
  base: bigint;
  quote: bigint;
  shares: bigint;
  owedBase: bigint;
  owedQuote: bigint;
  allowedBase: bigint;
  allowedQuote: bigint;
}

export const fetchVault = () => getJson<Vault>('/api/v1/vault');
export const fetchVaultContract = () => getJson<VaultContract>('/api/v1/vault/contract');
export const fetchVaultNetwork = () => getJson<NetworkPassport>('/api/v1/vault/network');
export const decisionPath = (hour: number) => `/api/v1/vault/decisions/${hour}`;

/** The classes of the network: 0 sells most, 11 buys most. */
export const BUCKETS = 12;

/** What part of the token that it gives the vault trades, in hundredths of a percent; negative: it sells. */
export function partOf(bucket: number): number {
  const fromEdge = Math.min(bucket, BUCKETS - 1 - bucket);
  const part = fromEdge === 0 ? 1000 : fromEdge === 1 ? 500 : fromEdge < 4 ? 250 : 0;
  return bucket < BUCKETS / 2 ? -part : part;
}

/** The base's price in the quote at a tick. */
export const priceOf = (tick: number, { base, quote }: Pick<VaultContract, 'base' | 'quote'>): number =>
  1.0001 ** tick * 10 ** (base.decimals - quote.decimals);

const ceil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** What a deposit for so many shares takes, rounded up as the contract does it. */
export function priceOfShares(vault: Vault, shares: bigint): { base: bigint; quote: bigint } {
  const supply = BigInt(vault.shares);
  return { base: ceil(BigInt(vault.base) * shares, supply), quote: ceil(BigInt(vault.quote) * shares, supply) };
}

/** The most shares that so much of the base pays for (of the quote, if the vault holds no base). */
export function sharesFor(vault: Vault, amount: bigint): bigint {
  const held = BigInt(vault.base) || BigInt(vault.quote);
  return held === 0n ? 0n : (amount * BigInt(vault.shares)) / held;
}

/** What so many shares redeem, rounded down. */
export function worthOfShares(vault: Vault, shares: bigint): { base: bigint; quote: bigint } {
  const supply = BigInt(vault.shares);
  if (supply === 0n) return { base: 0n, quote: 0n };
  return { base: (BigInt(vault.base) * shares) / supply, quote: (BigInt(vault.quote) * shares) / supply };
}

/** A half per cent more: a trade may come between the question and the deposit. */
export const withSlack = (amount: bigint): bigint => amount + amount / 200n + 1n;

/** An amount as people read it: grouped, with `digits` after the point at most, never rounded up. */
export function amount(units: bigint | string, decimals: number, digits = 4): string {
  const value = BigInt(units);
  const negative = value < 0n;
  const text = String(negative ? -value : value).padStart(decimals + 1, '0');
  const whole = text.slice(0, text.length - decimals).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  const rest = text.slice(text.length - decimals, text.length - decimals + digits).replace(/0+$/, '');
  return `${negative ? '−' : ''}${whole}${rest === '' ? '' : `.${rest}`}`;
}

/** Decimals of the vault's shares. */
export const SHARE_DECIMALS = 18;

/** An amount of a token, with its symbol. */
export const tokens = (units: bigint | string, { decimals, symbol }: Token, digits = 4): string =>
  `${amount(units, decimals, digits)} ${symbol}`;

/** Smallest units from what was typed; null if it is no positive amount of at most so many decimals. */
export function parseAmount(text: string, decimals: number): bigint | null {
  const [, whole, fraction = ''] = /^(\d{1,15})(?:[.,](\d*))?$/.exec(text.trim()) ?? [];
  if (whole === undefined || fraction.length > decimals) return null;
  const units = BigInt(whole + fraction.padEnd(decimals, '0'));
  return units > 0n ? units : null;
}
