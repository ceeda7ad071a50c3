import {
  type Abi,
  concatHex,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  type Hex,
  keccak256,
  type PublicClient,
  parseAbi,
  toHex,
} from 'viem';
import { expect, test } from 'vitest';
import type { Config } from '../src/api.ts';
import type { Finding } from '../src/checks.ts';
import { moveNumber } from '../src/position.ts';
import { checkProof, flipByte, run } from '../src/verify.ts';
import { ADDRESS, game, move } from './fakes.ts';

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

test('a proof counts only in the transaction in which the contract played that move', async () => {
  const abi = parseAbi([
    'struct Model { address verifier; bool insecure; bytes32 codeHash; bytes32 networkHash; }',
    'function model(uint32 model) view returns (Model)',
    'function submitMove(uint256 game, uint16 move, uint256[25] bitmap, address payee, bytes proof)',
    'event Moved(uint256 indexed game, uint16 indexed ply, uint16 move, address payee, uint128 reward, uint256 board, uint256 state, uint64 deadline)',
  ]);
  const config = { contract: ADDRESS, abi: abi as Abi } as unknown as Config;
  const played = game({ moves: [move(0, 'e4', 'leela')], ply: 1 });
  const accepting: Hex = '0x00';
  const number = moveNumber('e2e4');
  const bitmap = Array<bigint>(25).fill(0n) as unknown as never;
  const args = [0n, number, bitmap, ADDRESS, '0x00'] as const;

  const moved = (game: bigint, ply: number, move: number, address: Hex = ADDRESS) => ({
    address,
    topics: encodeEventTopics({ abi, eventName: 'Moved', args: { game, ply } }),
    data: encodeAbiParameters(
      ['uint16', 'address', 'uint128', 'uint256', 'uint256', 'uint64'].map((type) => ({ type })),
      [move, ADDRESS, 0n, 0n, 0n, 0n],
    ),
  });
  const first = async (status: string, log: unknown) => {
    const read = {
      getTransaction: async () => ({
        to: ADDRESS,
        input: encodeFunctionData({ abi, functionName: 'submitMove', args }),
      }),
      getTransactionReceipt: async () => ({ status, logs: [log] }),
      readContract: async () => ({ verifier: ADDRESS, codeHash: keccak256(accepting) }),
      getCode: async () => accepting,
    };
    let findings: Finding[] = [];
    await checkProof(config, read as unknown as PublicClient, played, 0, (found) => {
      findings = found;
    });
    return findings[0]?.passed;
  };
  expect(await first('success', moved(0n, 0, number))).toBe(true);
  expect(await first('reverted', moved(0n, 0, number))).toBe(false);
  expect(await first('success', moved(1n, 0, number))).toBe(false);
  expect(await first('success', moved(0n, 2, number))).toBe(false);
  expect(await first('success', moved(0n, 0, number + 1))).toBe(false);
  expect(await first('success', moved(0n, 0, number, `0x${'11'.repeat(20)}`))).toBe(false);
});
