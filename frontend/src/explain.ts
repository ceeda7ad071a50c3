// What went wrong, in one sentence. The chain's errors are known by their names, so that its library need not be loaded.

import { w } from './words/index.ts';

/** As viem's errors are: a chain of causes that can be walked. */
interface ChainError extends Error {
  shortMessage: string;
  walk(is: (error: unknown) => boolean): Error | null;
}

/** A call that the contract reverted, as viem tells it. */
interface Reverted extends Error {
  data?: { errorName: string; args?: readonly unknown[] };
}

const isChainError = (error: unknown): error is ChainError =>
  error instanceof Error && 'shortMessage' in error && 'walk' in error;

const spaced = (name: string) =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/^./, (c) => c.toUpperCase());

/** One sentence for whatever went wrong. */
export function explain(error: unknown): string {
  const code = (error as { code?: number } | null)?.code;
  if (code === 4001 || code === 5000) return w.problems.rejected; // EIP-1193's number and WalletConnect's
  if (code === -32002) return w.problems.pendingRequest;
  if (!isChainError(error)) return error instanceof Error ? error.message : w.problems.unknown;
  const named = (name: string) => error.walk((e) => e instanceof Error && e.name === name);
  if (named('UserRejectedRequestError') !== null) return w.problems.rejected;
  if (named('InsufficientFundsError') !== null) return w.problems.tooPoor;
  // The chain's own address answers through the server, or is somebody else's node: viem's words for it are English.
  const unanswered = named('HttpRequestError') as (Error & { status?: number }) | null;
  if (unanswered !== null || named('TimeoutError') !== null) {
    const { often, away } = w.problems.codes;
    return (unanswered?.status === 429 ? often : away) ?? w.problems.notAccepted;
  }
  const reverted = named('ContractFunctionRevertedError') as Reverted | null;
  if (reverted?.data !== undefined) {
    const { errorName, args } = reverted.data;
    return w.problems.refusals[errorName] ?? w.problems.refused(spaced(errorName), (args ?? []).map(String).join(', '));
  }
  return error.shortMessage.split('\n')[0] ?? w.problems.notAccepted;
}
