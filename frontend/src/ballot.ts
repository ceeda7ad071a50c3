// Vote keys and ballots. A vote key is made by the browser for one game and one account; it can vote and never touch
// money, so it may lie in local storage.

import {
  type Address,
  compactSignatureToSignature,
  type Hex,
  parseCompactSignature,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  toHex,
  verifyTypedData,
} from 'viem';
import { generatePrivateKey, privateKeyToAddress, signTypedData } from 'viem/accounts';
import type { Ballot, Receipt } from './api.ts';
import { type GameIdentity, slot } from './kept.ts';
import { moveNumber } from './position.ts';

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

const domain = ({ chainId, contract }: GameIdentity) =>
  ({ name: 'Proofmate', version: '1', chainId, verifyingContract: contract }) as const;

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
    domain: domain(at),
    types: BALLOT_TYPES,
    primaryType: 'Ballot',
    message: { game: BigInt(at.game), ply, move: moveNumber(move), position },
  });
  const compact = serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)));
  return { seat, ply, move, signature: compact };
}

const RECEIPT_TYPES = {
  Receipt: [
    { name: 'game', type: 'uint256' },
    { name: 'seat', type: 'uint32' },
    { name: 'ply', type: 'uint16' },
    { name: 'move', type: 'uint16' },
    { name: 'position', type: 'bytes32' },
    { name: 'received', type: 'uint64' },
  ],
} as const;

/**
 * The receipt of a ballot, with what was signed here in place of what the server says was signed; null if that is not
 * what the receipt's relay signed.
 */
export async function checkReceipt(
  at: GameIdentity,
  { seat, ply, move }: Ballot,
  position: Hex,
  receipt: Receipt,
): Promise<Receipt | null> {
  try {
    const { received, relay, signature } = receipt;
    const valid = await verifyTypedData({
      address: relay,
      domain: domain(at),
      types: RECEIPT_TYPES,
      primaryType: 'Receipt',
      message: { game: BigInt(at.game), seat, ply, move: moveNumber(move), position, received: BigInt(received) },
      signature: compactSignatureToSignature(parseCompactSignature(signature)),
    });
    return valid ? { game: at.game, seat, ply, move, position, received, relay, signature } : null;
  } catch {
    return null; // not even a signature
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
