// "Check it yourself" for a decision of the vault: its proof, judged in this tab by the verifier's own byte code. The input
// comes from the vault's recorded hours, and the public words are computed here.

import {
  type Abi,
  type Address,
  concatHex,
  encodeAbiParameters,
  type Hex,
  keccak256,
  parseEventLogs,
  toHex,
} from 'viem';
import type { Reader } from './chain.ts';
import type { Finding } from './checks.ts';
import { grouped } from './format.ts';
import { BUCKETS, type Decision, type VaultContract } from './vault.ts';
import { callOf, collector, flipByte, run, SCALAR_FIELD } from './verify.ts';
import type { VaultWords } from './words/en.vault.ts';

/** The bit of a class in its plane of 72 bits, and of a feature's place n (see contracts/src/Dense.sol). */
const CLASS_BIT = 10n;
const PLANE = 72n;
const FEATURES = 36;
const PLANES = Math.ceil((8 * FEATURES) / 9);
const BITMAP_WORDS = 4;

/** Whether a class is set in a bitmap. */
export const isSet = (bitmap: readonly bigint[], bucket: number): boolean => {
  const last = Math.min(Math.floor(bucket / 3) * 3 + 2, BUCKETS - 1);
  return (((bitmap[Math.floor(bucket / 3)] ?? 0n) >> (PLANE * BigInt(last - bucket) + CLASS_BIT)) & 1n) === 1n;
};

/** The public words of features, int8 each. */
export function inputWords(features: readonly number[]): bigint[] {
  const bit = (j: number) => BigInt(((features[Math.floor(j / 8)] ?? 0) >> (j % 8)) & 1);
  const planes = Array.from({ length: PLANES }, (_, plane) => {
    let bits = 0n;
    for (let n = 0; n < 9; n++) bits |= bit(9 * plane + n) << BigInt(9 * Math.floor(n / 3) + (n % 3));
    return bits;
  });
  const words: bigint[] = [];
  for (let plane = 0; plane < PLANES; plane += 3) {
    words.push(planes.slice(plane, plane + 3).reduce((word, bits) => (word << PLANE) | bits, 0n));
  }
  return words;
}

/** The word that ties a proof to an hour of one vault and its reward to one payee. */
export function decisionContext(chainId: number, vault: Address, hour: number, payee: Address): bigint {
  const types = ['uint256', 'address', 'uint256', 'address'].map((type) => ({ type }));
  return BigInt(keccak256(encodeAbiParameters(types, [BigInt(chainId), vault, BigInt(hour), payee]))) % SCALAR_FIELD;
}

/** Makes the checks of one decision, reporting after each; throws when something cannot be fetched. */
export async function checkDecision(
  contract: VaultContract,
  read: Reader,
  decision: Decision,
  words: VaultWords,
  report: (findings: Finding[]) => void,
): Promise<void> {
  const found = collector(report);
  const [address, abi] = [contract.address as Address, contract.abi as Abi];
  const complaints = { indirect: words.check.indirect, another: words.check.indirect };
  const call = await callOf(read, { contract: address, abi }, decision.tx as Hex, 'decide', complaints);
  const [hour, bucket, payee, bitmap, proof] = call.args as [bigint, bigint, Address, readonly bigint[], Hex];
  const obeyed = parseEventLogs({ abi, eventName: 'Decided', logs: call.logs }).some(({ args }) => {
    const event = args as unknown as { hour: bigint; bucket: bigint };
    return event.hour === BigInt(decision.hour) && event.bucket === BigInt(decision.bucket);
  });
  const same = hour === BigInt(decision.hour) && bucket === BigInt(decision.bucket);
  found(obeyed && same && call.succeeded, words.check.bytes(grouped((proof.length - 2) / 2)));

  const [code, features, codeHash] = await Promise.all([
    read.getCode({ address: contract.verifier as Address }).then((code) => code ?? '0x'),
    read.readContract({ address, abi, functionName: 'features', args: [hour] }) as Promise<readonly number[]>,
    read.readContract({ address, abi, functionName: 'codeHash' }) as Promise<Hex>,
  ]);
  found(keccak256(code) === codeHash, words.check.code(grouped((code.length - 2) / 2), codeHash.slice(0, 10)));

  const others = Array.from({ length: BUCKETS }, (_, i) => i).filter((i) => i !== decision.bucket && isSet(bitmap, i));
  found(isSet(bitmap, decision.bucket) && others.length === 0, words.check.best);

  const context = decisionContext(contract.chainId, address, decision.hour, payee);
  const publicWords = [...bitmap, ...inputWords(features), context].map((word) => toHex(word, { size: 32 }));
  const calldata = concatHex([...publicWords, proof]);
  const verdict = await run(code, calldata);
  found(verdict.accepted, words.check.accepted(grouped(Number(verdict.gas)), Math.round(verdict.milliseconds)));

  const turned = await run(code, flipByte(calldata, publicWords.length * 32 + 40));
  found(!turned.accepted, turned.accepted ? words.check.wrong : words.check.refused);
  const forged = await run(code, flipByte(calldata, BITMAP_WORDS * 32 + 31));
  found(!forged.accepted, forged.accepted ? words.check.wrong : words.check.refused);
}
