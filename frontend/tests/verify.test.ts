import { concatHex, type Hex, toHex } from 'viem';
import { expect, test } from 'vitest';
import { flipByte, run } from '../src/verify.ts';

/** Copies the call data to the pairing precompile and reverts unless it answers 1. */
const PAIRING_CHECK: Hex = '0x3660006000376020600036600060085afa60005116601d5760006000fd5b00';

const word = (n: bigint) => toHex(n, { size: 32 });
const P = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
const G2 = [
  11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  10857046999023057135944570762232829481370756359578518086990519993285655852781n,
  4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  8495653923123431417604973247489272438418190587263600148770280649306958101930n,
].map(word);
/** e(G1, G2) e(-G1, G2) = 1 */
const valid = concatHex([word(1n), word(2n), ...G2, word(1n), word(P - 2n), ...G2]);

test('the EVM in the tab knows the pairing of BN254', async () => {
  expect((await run(PAIRING_CHECK, valid)).accepted).toBe(true);
});

test('one turned bit is refused', async () => {
  expect((await run(PAIRING_CHECK, flipByte(valid, 5))).accepted).toBe(false);
});
