// "Check it yourself": a proven move, judged in this tab. The transaction and the verifier's byte code come from the
// chain, the public words are computed here from the position, and the byte code runs in an EVM of our own.

import {
  type Abi,
  type Address,
  concatHex,
  decodeFunctionData,
  encodeAbiParameters,
  type Hex,
  hexToBytes,
  isAddressEqual,
  keccak256,
  parseEventLogs,
  toHex,
} from 'viem';
import type { Config, Game } from './api.ts';
import type { Reader } from './chain.ts';
import type { Finding } from './checks.ts';
import { grouped } from './format.ts';
import { positionKey } from './key.ts';
import { bitmapHas, boardWords, legalIndices, moveNumber, policyIndex, position } from './position.ts';
import { w } from './words/index.ts';

/** Order of BN254's scalar field; public words are elements of it. */
export const SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

export interface Verdict {
  accepted: boolean;
  gas: bigint;
  milliseconds: number;
}

/** Runs byte code on call data in a fresh EVM. Accepted: it returned without reverting. */
export async function run(code: Hex, data: Hex): Promise<Verdict> {
  const [{ createEVM }, { Common, Hardfork, Mainnet }, { createAddressFromString }] = await Promise.all([
    import('@ethereumjs/evm'),
    import('@ethereumjs/common'),
    import('@ethereumjs/util'),
  ]);
  const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Osaka }) });
  const to = createAddressFromString('0x00000000000000000000000000000000000f00d5');
  await evm.stateManager.putCode(to, hexToBytes(code));
  const started = performance.now();
  const { execResult } = await evm.runCall({ to, data: hexToBytes(data), gasLimit: 30_000_000n, isStatic: true });
  return {
    accepted: execResult.exceptionError === undefined,
    gas: execResult.executionGasUsed,
    milliseconds: performance.now() - started,
  };
}

/** The data with one bit of one byte turned. */
export function flipByte(data: Hex, byte: number): Hex {
  const bytes = hexToBytes(data);
  bytes[byte] = (bytes[byte] ?? 0) ^ 1;
  return toHex(bytes);
}

/** The word that ties a proof to one ply of one game and its reward to one payee. */
export function contextWord(chainId: number, contract: Address, game: number, ply: number, payee: Address): bigint {
  const types = ['uint256', 'address', 'uint256', 'uint256', 'address'].map((type) => ({ type }));
  const encoded = encodeAbiParameters(types, [BigInt(chainId), contract, BigInt(game), BigInt(ply), payee]);
  return BigInt(keccak256(encoded)) % SCALAR_FIELD;
}

/** The 31 public words of a proven move: the claimed bitmap, and the rest computed from the position. */
export function publicWords(game: Game, ply: number, bitmap: readonly bigint[], payee: Address): bigint[] {
  const before = position(fenBefore(game, ply));
  const key = positionKey(before);
  const earlier = [game.openingFen, ...game.moves.map((m) => m.fen)].slice(0, ply);
  const repeated = earlier.some((fen) => fen !== null && positionKey(position(fen)) === key);
  return [...bitmap, ...boardWords(before, repeated), contextWord(game.chainId, game.contract, game.id, ply, payee)];
}

/** The position a ply was played in. */
export function fenBefore(game: Game, ply: number): string {
  const fen = ply === 0 ? game.openingFen : game.moves[ply - 1]?.fen;
  if (fen === null || fen === undefined) throw new Error(w.check.noPosition(ply));
  return fen;
}

/** Whether a bitmap makes a move the best legal one: its bit is set, and no other legal move's. */
export function isBestLegal(fen: string, move: string, bitmap: readonly bigint[]): boolean {
  const pos = position(fen);
  const index = policyIndex(pos, move);
  if (!bitmapHas(bitmap, index)) return false;
  return [...legalIndices(pos).keys()].every((other) => other === index || !bitmapHas(bitmap, other));
}

/** What `submitMove` was called with, and whether the contract played it, taken from the chain. */
interface Submitted {
  played: boolean;
  move: number;
  bitmap: readonly bigint[];
  payee: Address;
  proof: Hex;
}

/** A call of a contract, taken from the chain: its arguments, the contract's logs in it, and whether it succeeded. */
export async function callOf(
  read: Reader,
  { contract, abi }: { contract: Address; abi: Abi },
  hash: Hex,
  name: string,
  complaints: { indirect: string; another: string },
) {
  const [transaction, receipt] = await Promise.all([
    read.getTransaction({ hash }),
    read.getTransactionReceipt({ hash }),
  ]);
  if (transaction.to === null || !isAddressEqual(transaction.to, contract)) throw new Error(complaints.indirect);
  const { functionName, args } = decodeFunctionData({ abi, data: transaction.input });
  if (functionName !== name || args === undefined) throw new Error(complaints.another);
  const logs = receipt.logs.filter((log) => isAddressEqual(log.address, contract));
  return { args, logs, succeeded: receipt.status === 'success' };
}

/** Collects findings, and reports all so far with each new one. */
export function collector(report: (findings: Finding[]) => void): (passed: boolean, detail: string) => void {
  const findings: Finding[] = [];
  return (passed, detail) => {
    findings.push({ passed, detail });
    report([...findings]);
  };
}

async function submission(config: Config, read: Reader, game: Game, ply: number, hash: Hex): Promise<Submitted> {
  const complaints = { indirect: w.check.indirect, another: w.check.noSubmission };
  const { args, logs, succeeded } = await callOf(read, config, hash, 'submitMove', complaints);
  const [, move, bitmap, payee, proof] = args as [bigint, number, readonly bigint[], Address, Hex];
  const moved = parseEventLogs({ abi: config.abi, eventName: 'Moved', logs }).some(({ args }) => {
    const event = args as unknown as { game: bigint; ply: number; move: number };
    return event.game === BigInt(game.id) && event.ply === ply && event.move === move;
  });
  return { played: moved && succeeded, move, bitmap, payee, proof };
}

/** Makes the CHECKS of one proven move, reporting after each; throws when something cannot be fetched. */
export async function checkProof(
  config: Config,
  read: Reader,
  game: Game,
  ply: number,
  report: (findings: Finding[]) => void,
): Promise<void> {
  const found = collector(report);
  const fen = fenBefore(game, ply);
  const played = game.moves[ply];
  if (played === undefined) throw new Error(w.check.notPlayed(ply));
  const { move, tx } = played;

  const sent = await submission(config, read, game, ply, tx);
  found(sent.played && sent.move === moveNumber(move), w.check.bytesFor(grouped((sent.proof.length - 2) / 2), move));

  const model = (await read.readContract({
    address: config.contract,
    abi: config.abi as Abi,
    functionName: 'model',
    args: [game.terms.model],
  })) as { verifier: Address; codeHash: Hex };
  const code = (await read.getCode({ address: model.verifier })) ?? '0x';
  found(
    keccak256(code) === model.codeHash,
    w.check.bytesHash(grouped((code.length - 2) / 2), keccak256(code).slice(0, 10)),
  );

  found(isBestLegal(fen, move, sent.bitmap), w.check.legal(legalIndices(position(fen)).size));

  const publicInputs = publicWords(game, ply, sent.bitmap, sent.payee).map((w) => toHex(w, { size: 32 }));
  const calldata = concatHex([...publicInputs, sent.proof]);
  const verdict = await run(code, calldata);
  found(verdict.accepted, w.check.gas(grouped(Number(verdict.gas)), Math.round(verdict.milliseconds)));

  const byte = 31 * 32 + 40;
  const tampered = await run(code, flipByte(calldata, byte));
  found(!tampered.accepted, tampered.accepted ? w.check.wasAccepted : w.check.reverted);

  const forged = await run(code, flipByte(calldata, 25 * 32 + 31));
  found(!forged.accepted, forged.accepted ? w.check.wasAccepted : w.check.reverted);
}
