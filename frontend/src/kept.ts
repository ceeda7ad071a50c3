// What this browser keeps of a game: the relay it knows and the ballots that were acknowledged.

import type { Address } from 'viem';
import type { Ballot, Receipt } from './api.ts';

/** Which game on which chain: what a signature is bound to. */
export interface GameIdentity {
  chainId: number;
  contract: Address;
  game: number;
}

/** The name under which something of an account in a game is stored. */
export const slot = (kind: string, at: GameIdentity, account: Address) =>
  `proofmate:${kind}:${at.chainId}:${at.contract}:${at.game}:${account}`.toLowerCase();

/** Remembers who signs receipts. Returns whether this browser remembered another relay. */
export function relayChanged({ chainId, contract }: Omit<GameIdentity, 'game'>, relay: Address): boolean {
  const name = `proofmate:relay:${chainId}:${contract}`.toLowerCase();
  const known = localStorage.getItem(name) ?? relay;
  localStorage.setItem(name, relay);
  return known.toLowerCase() !== relay.toLowerCase();
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
