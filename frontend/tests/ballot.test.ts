import {
  compactSignatureToSignature,
  hashTypedData,
  parseCompactSignature,
  recoverAddress,
  serializeSignature,
} from 'viem';
import { beforeEach, expect, test, vi } from 'vitest';
import { burnerKey, checkReceipt, ensureVoteKey, signBallot, storedVoteKey, voteAddress } from '../src/ballot.ts';
import { type KeptBallot, keepBallot, keptBallot, relayChanged } from '../src/kept.ts';
import { positionKey } from '../src/key.ts';
import { position } from '../src/position.ts';
import { DEPLOYMENT, FEN, RECEIPT, storage } from './fakes.ts';

const AT = { chainId: 31337, contract: '0x5FbDB2315678afecb367f032d93F642f64180aa3', game: 2 } as const;
const ME = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const OTHER = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

beforeEach(() => {
  vi.stubGlobal('localStorage', storage());
});

test('a vote key belongs to one game and one account and is made once', () => {
  const key = ensureVoteKey(AT, ME);
  expect(ensureVoteKey(AT, ME)).toBe(key);
  expect(ensureVoteKey(AT, OTHER)).not.toBe(key);
  expect(ensureVoteKey({ ...AT, game: 3 }, ME)).not.toBe(key);
  expect(storedVoteKey({ ...AT, chainId: 1 }, ME)).toBeNull();
});

test('a damaged key in storage is not used', () => {
  localStorage.setItem('proofmate:burner:31337', 'oops');
  expect(burnerKey(31337)).toMatch(/^0x[0-9a-f]{64}$/);
});

test('a ballot is 64 bytes and recovers to the vote key', async () => {
  const key = ensureVoteKey(AT, ME);
  const seen = positionKey(position(FEN));
  const ballot = await signBallot(key, AT, 5, 0, 'e2e4', seen);
  expect(ballot).toMatchObject({ seat: 5, ply: 0, move: 'e2e4' });
  expect(ballot.signature).toHaveLength(2 + 128);
  const hash = hashTypedData({
    domain: { name: 'Proofmate', version: '1', chainId: AT.chainId, verifyingContract: AT.contract },
    types: {
      Ballot: [
        { name: 'game', type: 'uint256' },
        { name: 'ply', type: 'uint16' },
        { name: 'move', type: 'uint16' },
        { name: 'position', type: 'bytes32' },
      ],
    },
    primaryType: 'Ballot',
    message: { game: 2n, ply: 0, move: 12 | (28 << 6), position: seen },
  });
  const signature = serializeSignature(compactSignatureToSignature(parseCompactSignature(ballot.signature)));
  expect(await recoverAddress({ hash, signature })).toBe(voteAddress(key));
});

test('a receipt is the relay’s word for this ballot and no other', async () => {
  const at = { ...DEPLOYMENT, game: RECEIPT.game };
  const ballot = { seat: RECEIPT.seat, ply: RECEIPT.ply, move: RECEIPT.move, signature: '0x' } as const;
  const seen = positionKey(position(FEN));
  expect(await checkReceipt(at, ballot, seen, RECEIPT)).toEqual(RECEIPT);
  // What the server says beside the signature is not what is kept.
  expect(await checkReceipt(at, ballot, seen, { ...RECEIPT, move: 'd2d4', position: '0x' })).toEqual(RECEIPT);
  for (const other of [
    checkReceipt({ ...at, game: 3 }, ballot, seen, RECEIPT),
    checkReceipt({ ...at, chainId: 1 }, ballot, seen, RECEIPT),
    checkReceipt({ ...at, contract: ME }, ballot, seen, RECEIPT),
    checkReceipt(at, { ...ballot, seat: 6 }, seen, RECEIPT),
    checkReceipt(at, { ...ballot, ply: 2 }, seen, RECEIPT),
    checkReceipt(at, { ...ballot, move: 'd2d4' }, seen, RECEIPT),
    checkReceipt(at, ballot, `0x${'11'.repeat(32)}`, RECEIPT),
    checkReceipt(at, ballot, seen, { ...RECEIPT, received: RECEIPT.received + 1 }),
    checkReceipt(at, ballot, seen, { ...RECEIPT, relay: ME }),
    checkReceipt(at, ballot, seen, { ...RECEIPT, signature: '0x12' }),
    checkReceipt(at, ballot, seen, {} as typeof RECEIPT),
  ]) {
    expect(await other).toBeNull();
  }
});

test('a relay with another key is noticed once', () => {
  const at = { ...AT, receiptAddresses: [OTHER] };
  expect(relayChanged(at, ME)).toBe(false);
  expect(relayChanged(at, ME)).toBe(false);
  expect(relayChanged({ ...at, chainId: 1 }, OTHER)).toBe(false);
  expect(relayChanged(at, OTHER)).toBe(true);
  expect(relayChanged(at, OTHER)).toBe(false);
});

test('a key that the server rotates in the open does not alarm; one that it does not list does', () => {
  const at = { ...AT, chainId: 7 };
  expect(relayChanged({ ...at, receiptAddresses: [ME] }, ME)).toBe(false);
  expect(relayChanged({ ...at, receiptAddresses: [OTHER, ME] }, OTHER)).toBe(false);
  expect(relayChanged({ ...at, receiptAddresses: [OTHER] }, ME)).toBe(true);
});

test('the first acknowledged ballot of a position survives, also the plies after it; a damaged one is forgotten', () => {
  const kept = (ply: number, received: number): KeptBallot => ({
    ...AT,
    ballot: { seat: 1, ply, move: 'e2e4', signature: '0x' },
    receipt: { ...RECEIPT, ply, received },
  });
  keepBallot(ME, kept(4, 10));
  keepBallot(ME, kept(4, 20));
  expect(keptBallot(AT, ME, 7)).toEqual(kept(4, 10));
  expect(keptBallot(AT, ME, 3)).toBeNull();
  expect(keptBallot(AT, OTHER, 7)).toBeNull();
  keepBallot(ME, kept(6, 30));
  expect(keptBallot(AT, ME, 7)?.ballot.ply).toBe(6);
  localStorage.setItem(`proofmate:ballot:31337:${AT.contract}:2:${ME}:6`.toLowerCase(), '{"ballot":');
  expect(keptBallot(AT, ME, 7)?.ballot.ply).toBe(4);
});
