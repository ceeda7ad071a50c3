// Vote keys and ballots. A vote key is made by the browser for one game and one account; it can vote and never touch
// money, so it may lie in local storage.

import {
  type Address,
  type Hex,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  toHex,
} from 'viem';
import { generatePrivateKey, privateKeyToAddress, signTypedData } from 'viem/accounts';
import type { Ballot, Receipt } from './api.ts';
import { moveNumber } from './position.ts';

/** Which game on which chain: what a signature is bound to. */
export interface GameIdentity {
  chainId: number;
  contract: Address;
  game: number;
}

const slot = (kind: string, at: GameIdentity, account: Address) =>
  `proofmate:${kind}:${at.chainId}:${at.contract}:${at.game}:${account}`.toLowerCase();

const isKey = (text: string | null): text is Hex => text !== null && /^0x[0-9a-f]{64}$/.test(text);

/** The vote key stored here for this game and account; null if this browser has none. */
export function storedVoteKey(at: GameIdentity, account: Address): Hex | null {
  const key = localStorage.getItem(slot('vote-key', at, account));
  return isKey(key) ? key : null;
}

/** The stored vote key, made now if there is none. It is stored before it is used: a stake can name it only once. */
export function ensureVoteKey(at: GameIdentity, account: Address): Hex {
  const stored = storedVoteKey(at, account);
  if (stored !== null) return stored;
  const key = generatePrivateKey();
  localStorage.setItem(slot('vote-key', at, account), key);
  return key;
}

export const voteAddress = (key: Hex): Address => privateKeyToAddress(key);

const BALLOT_TYPES = {
  Ballot: [
    { name: 'game', type: 'uint256' },
    { name: 'ply', type: 'uint16' },
    { name: 'move', type: 'uint16' },
    { name: 'position', type: 'bytes32' },
  ],
} as const;

/** The EIP-712 ballot of a seat, signed by its vote key, in 64 bytes (EIP-2098). */
export async function signBallot(
  key: Hex,
  at: GameIdentity,
  seat: number,
  ply: number,
  move: string,
  position: Hex,
): Promise<Ballot> {
  const signature = await signTypedData({
    privateKey: key,
    domain: { name: 'Proofmate', version: '1', chainId: at.chainId, verifyingContract: at.contract },
    types: BALLOT_TYPES,
    primaryType: 'Ballot',
    message: { game: BigInt(at.game), ply, move: moveNumber(move), position },
  });
  const compact = serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)));
  return { seat, ply, move, signature: compact };
}

/** A ballot this browser signed, kept until it is counted, with the relay's receipt once there is one. */
export interface KeptBallot {
  ballot: Ballot;
  receipt: Receipt | null;
}

export function keepBallot(at: GameIdentity, account: Address, kept: KeptBallot): void {
  localStorage.setItem(slot('ballot', at, account), JSON.stringify(kept));
}

export function keptBallot(at: GameIdentity, account: Address): KeptBallot | null {
  try {
    const kept = JSON.parse(localStorage.getItem(slot('ballot', at, account)) ?? 'null') as KeptBallot | null;
    return typeof kept?.ballot?.ply === 'number' && typeof kept.ballot.move === 'string' ? kept : null;
  } catch {
    return null;
  }
}

/** The burner wallet's key of a local chain, made on first use. Coins there are worth nothing. */
export function burnerKey(chainId: number): Hex {
  const name = `proofmate:burner:${chainId}`;
  const stored = localStorage.getItem(name);
  if (isKey(stored)) return stored;
  const key = toHex(crypto.getRandomValues(new Uint8Array(32)));
  localStorage.setItem(name, key);
  return key;
}
