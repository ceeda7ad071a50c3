// What this browser keeps of a game: the relay it knows and the ballots that were acknowledged.

import type { Address } from 'viem';
import type { Ballot, Receipt } from './api.ts';

/** What this browser remembers as its wallet if that came by WalletConnect. */
export const WALLETCONNECT = 'walletconnect';

/** Which game on which chain: what a signature is bound to. */
export interface GameIdentity {
  chainId: number;
  contract: Address;
  game: number;
}

/** The name under which something of an account in a game is stored. */
export const slot = (kind: string, at: GameIdentity, account: Address) =>
  `proofmate:${kind}:${at.chainId}:${at.contract}:${at.game}:${account}`.toLowerCase();

/**
 * Remembers who signs receipts. Returns whether this browser remembered another signer, unless the server says that the
 * receipts of both hold (`receiptAddresses`): then it changed its key in the open.
 */
export function relayChanged(
  { chainId, contract, receiptAddresses }: Omit<GameIdentity, 'game'> & { receiptAddresses: readonly string[] },
  relay: Address,
): boolean {
  const name = `proofmate:relay:${chainId}:${contract}`.toLowerCase();
  const known = localStorage.getItem(name) ?? relay;
  localStorage.setItem(name, relay);
  const listed = receiptAddresses.map((address) => address.toLowerCase());
  const holds = (address: string) => listed.includes(address.toLowerCase());
  return known.toLowerCase() !== relay.toLowerCase() && !(holds(known) && holds(relay));
}

/** A ballot that the relay acknowledged, with all it takes to verify both signatures. */
export interface KeptBallot extends GameIdentity {
  ballot: Ballot;
  receipt: Receipt;
}

const ballotSlot = (at: GameIdentity, account: Address, ply: number) => `${slot('ballot', at, account)}:${ply}`;

function storedBallot(name: string): KeptBallot | null {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? 'null') as KeptBallot | null;
    return typeof kept?.ballot?.move === 'string' && typeof kept.receipt?.signature === 'string' ? kept : null;
  } catch {
    return null;
  }
}

/** Keeps the first acknowledged ballot of a position: a later receipt must not hide that the server lost it. */
export function keepBallot(account: Address, kept: KeptBallot): void {
  const name = ballotSlot(kept, account, kept.ballot.ply);
  if (storedBallot(name)?.receipt.position === kept.receipt.position) return;
  localStorage.setItem(name, JSON.stringify(kept));
}

/** The last ballot kept, up to a ply. */
export function keptBallot(at: GameIdentity, account: Address, last: number): KeptBallot | null {
  for (let ply = last; ply >= 0; ply--) {
    const kept = storedBallot(ballotSlot(at, account, ply));
    if (kept !== null) return kept;
  }
  return null;
}
