import { afterEach, expect, test, vi } from 'vitest';
import { ApiError, fetchConfig, fetchPgn, sendBallot } from '../src/api.ts';
import { en } from '../src/words/en.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const answering = (response: Response) => vi.stubGlobal('fetch', async () => response);

test('answers, and problems in words', async () => {
  answering(Response.json({ chainId: 7 }));
  expect((await fetchConfig()).chainId).toBe(7);
  answering(new Response('1. e4 *'));
  expect(await fetchPgn(1)).toBe('1. e4 *');
  answering(Response.json({ title: 'Conflict', detail: 'the World is not voting now' }, { status: 409 }));
  const problem = sendBallot(1, { seat: 0, ply: 0, move: 'e2e4', signature: '0x' });
  await expect(problem).rejects.toMatchObject({ status: 409, message: 'the World is not voting now' });
  // A code that the catalogue knows is told in the visitor's language.
  answering(Response.json({ detail: 'seat 3 sends too many ballots', code: 'often' }, { status: 429 }));
  await expect(fetchConfig()).rejects.toThrow(en.problems.codes.often);
  answering(Response.json({ detail: 'a new one', code: 'toString' }, { status: 429 }));
  await expect(fetchConfig()).rejects.toThrow('a new one');
  answering(new Response('<html>', { status: 502 }));
  await expect(fetchConfig()).rejects.toThrow('502');
});

test('a server that never ends its answer is given up', async () => {
  for (const headersCame of [false, true]) {
    const timeout = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(timeout.signal);
    vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => {
      const never = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      return headersCame ? Promise.resolve({ ok: true, json: () => never }) : never;
    });
    const answer = fetchConfig();
    setTimeout(() => timeout.abort());
    await expect(answer).rejects.toBeInstanceOf(ApiError);
    await expect(answer).rejects.toMatchObject({ status: 0 });
    expect(AbortSignal.timeout).toHaveBeenCalledWith(20_000);
  }
});
