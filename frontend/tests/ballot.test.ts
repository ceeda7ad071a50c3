import {
  compactSignatureToSignature,
  hashTypedData,
  parseCompactSignature,
  recoverAddress,
  serializeSignature,
} from 'viem';
import { beforeEach, expect, test, vi } from 'vitest';
import {
  burnerKey,
  ensureVoteKey,
  keepBallot,
  keptBallot,
  signBallot,
  storedVoteKey,
  voteAddress,
} from '../src/ballot.ts';
import { position, positionKey } from '../src/position.ts';

const AT = { chainId: 31337, contract: '0x5FbDB2315678afecb367f032d93F642f64180aa3', game: 2 } as const;
const ME = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const OTHER = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';

beforeEach(() => {
  const store = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (k: string) => store.get(k) ?? null,
    setItem: (k: string, v: string) => void store.set(k, v),
  });
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
  const seen = positionKey(position('rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1'));
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

test('a kept ballot survives, a damaged one is forgotten', () => {
  const ballot = { seat: 1, ply: 4, move: 'e2e4', signature: '0x' } as const;
  keepBallot(AT, ME, { ballot, receipt: null });
  expect(keptBallot(AT, ME)?.ballot.ply).toBe(4);
  expect(keptBallot(AT, OTHER)).toBeNull();
  localStorage.setItem(`proofmate:ballot:31337:${AT.contract}:2:${ME}`.toLowerCase(), '{"ballot":');
  expect(keptBallot(AT, ME)).toBeNull();
});
