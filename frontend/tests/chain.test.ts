import {
  ContractFunctionRevertedError,
  type EIP1193Provider,
  encodeErrorResult,
  HttpRequestError,
  type PublicClient,
  parseAbi,
  TimeoutError,
} from 'viem';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Config } from '../src/api.ts';
import { type Announced, discover, ensureChain, transact, type Wallet } from '../src/chain.ts';
import { explain } from '../src/explain.ts';
import { w } from '../src/words/index.ts';

const CONFIG = { chainId: 31337, rpc: '/rpc', local: true } as Config;

beforeEach(() => {
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('location', { href: 'http://localhost:8000/' });
});

const announce = (info: unknown, provider: unknown = {}) =>
  window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: { info, provider } }));

test('each extension is listed once; what is no announcement is not', () => {
  const seen: Announced[] = [];
  discover((wallet) => seen.push(wallet));
  announce({ rdns: 'io.fox', name: 'Fox', icon: 'data:image/png;base64,AA==' });
  announce({ rdns: 'io.fox', name: 'Fox again', icon: '' });
  announce({ rdns: 7, name: 'Seven', icon: '' });
  announce(undefined);
  window.dispatchEvent(new CustomEvent('eip6963:announceProvider'));
  expect(seen.map((w) => w.name)).toEqual(['Fox']);
});

test('a wallet’s icon is drawn only from its own data, its name is cut', () => {
  const seen: Announced[] = [];
  discover((wallet) => seen.push(wallet));
  announce({ rdns: 'a', name: 'x'.repeat(500), icon: 'https://tracker.example/pixel.png' });
  announce({ rdns: 'b', name: 'B', icon: 'javascript:alert(1)' });
  expect(seen.map((w) => w.icon)).toEqual([null, null]);
  expect(seen[0]?.name).toHaveLength(40);
});

function extension(answer: (method: string) => unknown): { wallet: Wallet; asked: string[] } {
  const asked: string[] = [];
  const request = async ({ method }: { method: string }) => {
    asked.push(method);
    return answer(method);
  };
  return { wallet: { provider: { request } as unknown as EIP1193Provider } as Wallet, asked };
}

test('a wallet on another chain is switched; one that does not know the chain is told', async () => {
  const there = extension(() => '0x7a69');
  await ensureChain(CONFIG, there.wallet);
  expect(there.asked).toEqual(['eth_chainId']);

  let known = false;
  const elsewhere = extension((method) => {
    if (method === 'wallet_addEthereumChain') known = true;
    if (method === 'wallet_switchEthereumChain' && !known) throw Object.assign(new Error(), { code: 4902 });
    return '0x1';
  });
  await ensureChain(CONFIG, elsewhere.wallet);
  expect(elsewhere.asked.slice(1)).toEqual([
    'wallet_switchEthereumChain',
    'wallet_addEthereumChain',
    'wallet_switchEthereumChain',
  ]);

  const refusing = extension((method) => {
    if (method === 'eth_chainId') return '0x1';
    throw Object.assign(new Error(), { code: 4001 });
  });
  await expect(ensureChain(CONFIG, refusing.wallet)).rejects.toMatchObject({ code: 4001 });
});

test('a transaction that its wallet replaced is not done, unless only its price changed', async () => {
  const wallet = { kind: 'extension', provider: null, client: { writeContract: async () => '0x01' } };
  const sent = (reason: string | null, status = 'success') => {
    const read = {
      simulateContract: async () => {},
      waitForTransactionReceipt: async ({ onReplaced }: { onReplaced: (to: { reason: string }) => void }) => {
        if (reason !== null) onReplaced({ reason });
        return { status, transactionHash: reason === null ? '0x01' : '0x02' };
      },
    };
    return transact(CONFIG, read as unknown as PublicClient, wallet as unknown as Wallet, 'claim', []);
  };
  expect(await sent(null)).toBe('0x01');
  expect(await sent('repriced')).toBe('0x02');
  await expect(sent('cancelled')).rejects.toThrow('replaced in your wallet');
  await expect(sent('replaced')).rejects.toThrow('replaced in your wallet');
  await expect(sent(null, 'reverted')).rejects.toThrow('reverted');
});

test('errors in words', () => {
  expect(explain({ code: 4001 })).toContain('rejected');
  expect(explain({ code: -32002 })).toContain('already');
  expect(explain(new Error('plain'))).toBe('plain');
  expect(explain('?')).toBe('Something went wrong.');
  const answered = (status: number) => explain(new HttpRequestError({ url: 'http://chain', status }));
  expect([answered(429), answered(503)]).toEqual([w.problems.codes.often, w.problems.codes.away]);
  expect(explain(new TimeoutError({ body: {}, url: 'http://chain' }))).toBe(w.problems.codes.away);
  const abi = parseAbi(['error NothingOwed(uint256 game, address account)', 'error BadBook(uint256 length)']);
  const revert = (errorName: 'NothingOwed' | 'BadBook', args: readonly [bigint, `0x${string}`] | readonly [bigint]) => {
    const data = encodeErrorResult({ abi, errorName, args } as Parameters<typeof encodeErrorResult>[0]);
    return new ContractFunctionRevertedError({ abi, data, functionName: 'claim' });
  };
  expect(explain(revert('NothingOwed', [0n, `0x${'1'.repeat(40)}`]))).toContain('Nothing is owed');
  expect(explain(revert('BadBook', [7n]))).toBe('The game contract refused: Bad book (7).');
});
