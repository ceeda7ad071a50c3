// The server's documents and the calls that fetch them. Their types are generated from its OpenAPI schema. Amounts are
// wei as decimal strings, times are unix seconds of chain time. The server is a convenience: what matters is signed here
// or checked on the chain.

import type { Abi, Address } from 'viem';
import type { components } from './schema.ts';
import { w } from './words/index.ts';

type Schemas = components['schemas'];

export type Config = Omit<Schemas['Config'], 'abi'> & { abi: Abi };
export type Game = Schemas['Document'];
export type GameLine = Schemas['Card'];
export type Series = NonNullable<Schemas['Cards']['series']>;
export type Terms = Schemas['Terms'];
export type Vote = Schemas['Vote'];
export type Candidate = Schemas['Candidate'];
export type ClosedVote = Schemas['ClosedVote'];
export type Thinking = Schemas['Thinking'];
export type PlayedMove = Schemas['Move'];
export type Progress = Schemas['Progress'];
export type Account = Schemas['AccountView'];
export type AccountGame = Schemas['AccountGame'];
export type Receipt = Schemas['Receipt'];
export type Ballot = Schemas['BallotBody'];
export type GameState = Game['state'];
export type Step = Progress['step'];
export type Outcome = NonNullable<Game['outcome']>;
export type Color = Game['world'];
export type Player = PlayedMove['by'];
export type Side = NonNullable<Account['side']>;

/** The model's passport; only some of its facts have a place of their own on the page, the others are listed. */
export type Passport = Record<string, unknown>;

/** What the server answered instead of the document: an RFC 9457 problem, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Seconds after which the server may say otherwise; 0 if it does not tell. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }
}

/** How long an answer may take, in milliseconds. */
const PATIENCE = 20_000;

async function call<T>(path: string, read: (response: Response) => Promise<T>, init?: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return await read(response);
  } catch {
    throw new ApiError(0, w.problems.noAnswer);
  }
  const problem: unknown = await response.json().catch(() => null);
  const text = problemText(problem) ?? w.problems.answered(response.status);
  throw new ApiError(response.status, text, Number(response.headers.get('retry-after')) || 0);
}

function problemText(problem: unknown): string | null {
  if (typeof problem !== 'object' || problem === null) return null;
  const { code, detail, title } = problem as Record<string, unknown>;
  const known = typeof code === 'string' && Object.hasOwn(w.problems.codes, code) ? w.problems.codes[code] : undefined;
  if (known !== undefined) return known;
  if (typeof detail === 'string') return detail;
  return typeof title === 'string' ? title : null;
}

const json = <T>(response: Response): Promise<T> => response.json();

export const getJson = <T>(path: string): Promise<T> => call(path, json<T>);
const get = getJson;

const post = <T>(path: string, body: unknown): Promise<T> =>
  call(path, json<T>, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

export const fetchConfig = () => get<Config>('/api/v1/config');
export const fetchGames = () => get<Schemas['Cards']>('/api/v1/games');
export const fetchGame = (game: number) => get<Game>(`/api/v1/games/${game}`);
/** The document as browsers fetch it before the page's code is here (server/api/page.py). */
export const fetchFirst = (game: number) => get<Game>(`/api/v1/games/${game}?first`);
export const fetchAccount = (game: number, account: Address) =>
  get<Account>(`/api/v1/games/${game}/accounts/${account}`);
export const fetchAccountGames = (account: Address, before: number | null = null) =>
  get<Schemas['AccountGames']>(`/api/v1/accounts/${account}/games${before === null ? '' : `?before=${before}`}`);
export const fetchVote = (game: number, ply: number) => get<ClosedVote>(`/api/v1/games/${game}/votes/${ply}`);
export const fetchThoughts = (game: number, ply: number) => get<Thinking>(`/api/v1/games/${game}/thoughts/${ply}`);
export const proofPath = (game: number, ply: number) => `/api/v1/games/${game}/proofs/${ply}`;
export const fetchPassport = (model: number) => get<Passport>(`/api/v1/model?model=${model}`);
export const askFaucet = (address: Address) => post<unknown>('/api/v1/faucet', { address });

export const sendBallot = async (game: number, ballot: Ballot) =>
  (await post<{ receipt: Receipt }>(`/api/v1/games/${game}/ballots`, ballot)).receipt;

export const fetchPgn = (game: number) =>
  call(`/api/v1/games/${game}`, (response) => response.text(), { headers: { accept: 'application/x-chess-pgn' } });
