// The server's documents and the calls that fetch them. Amounts are wei as decimal strings, times are unix seconds of
// chain time. The server is a convenience: what matters is signed here or checked on the chain.

import type { Abi, Address, Hex } from 'viem';

export type Side = 'world' | 'leela';
export type Color = 'white' | 'black';
export type Player = Side | 'understudy';
export type Outcome = Side | 'draw' | 'void';
export type Step = 'queued' | 'witness' | 'commitments' | 'quotient' | 'opening' | 'submitted' | 'verified';

export interface Config {
  chainId: number;
  contract: Address;
  /** Signs the receipts. */
  relay: Address;
  rpc: string;
  local: boolean;
  insecure: boolean;
  faucet: boolean;
  ballotMargin: number;
  explorer: string | null;
  abi: Abi;
}

export interface GameLine {
  id: number;
  state: GameState;
  outcome: Outcome | null;
  fen: string | null;
  ply: number;
  worldPool: string;
  leelaPool: string;
  pot: string;
}

export type GameState = 'lobby' | 'drawn' | 'vote' | 'prove' | 'over';

export interface Terms {
  model: number;
  book: number;
  worldIsWhite: boolean;
  leelaPoolOpen: boolean;
  lobbyPeriod: number;
  votingPeriod: number;
  minPeriod: number;
  provingPeriod: number;
  quorum: number;
  fee: number;
  maxOdds: number;
  maxPly: number;
  minStake: string;
  reward: string;
}

export interface Candidate {
  move: string;
  san: string | null;
  weight: string;
  ballots: number;
}

export interface Vote {
  ply: number;
  leader: string | null;
  leaderWeight: string;
  runnerUpWeight: string;
  castWeight: string;
  pending: number;
  candidates: Candidate[];
}

export interface MoveProof {
  gas: number;
  block: number;
  seconds: number | null;
  payee: Address;
}

export interface PlayedMove {
  ply: number;
  move: string;
  san: string;
  by: Player;
  fen: string;
  time: number;
  tx: Hex;
  proof: MoveProof | null;
}

export interface Progress {
  ply: number;
  step: Step;
  fraction: number;
  started: number;
  seconds: number | null;
  tx: Hex | null;
  block: number | null;
  gas: number | null;
}

export interface Thought {
  move: string;
  san: string | null;
  probability: number;
  legal: boolean;
}

export interface Game {
  id: number;
  version: number;
  chainId: number;
  contract: Address;
  state: GameState;
  outcome: Outcome | null;
  reason: string | null;
  terms: Terms;
  creator: Address;
  pools: { world: string; leela: string; pot: string; fund: string };
  seats: number;
  fen: string | null;
  openingFen: string | null;
  ply: number;
  turn: Color | null;
  world: Color;
  mover: Player | null;
  check: boolean;
  positionKey: Hex | null;
  now: number;
  /** When the present state began. */
  since: number;
  deadline: number | null;
  decidableAt: number | null;
  ballotsUntil: number | null;
  vote: Vote | null;
  moves: PlayedMove[];
  proof: Progress | null;
  thinking: { ply: number; moves: Thought[] } | null;
}

export interface Account {
  side: Side | null;
  stake: string;
  seat: number | null;
  voteKey: Address | null;
  votedPly: number | null;
  owed: string;
  ballot: { ply: number; move: string; status: 'received' | 'counted' } | null;
}

export interface Receipt {
  game: number;
  seat: number;
  ply: number;
  move: string;
  position: Hex;
  received: number;
  relay: Address;
  signature: Hex;
}

/** The model's passport; only some of its facts have a place of their own on the page, the others are listed. */
export type Passport = Record<string, unknown>;

/** What the server answered instead of the document: an RFC 9457 problem, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
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
    throw new ApiError(0, 'The server does not answer. It may be restarting; try again in a moment.');
  }
  const problem: unknown = await response.json().catch(() => null);
  throw new ApiError(response.status, problemText(problem) ?? `The server answered ${response.status}.`);
}

function problemText(problem: unknown): string | null {
  if (typeof problem !== 'object' || problem === null) return null;
  const { detail, title } = problem as Record<string, unknown>;
  if (typeof detail === 'string') return detail;
  return typeof title === 'string' ? title : null;
}

const json = <T>(response: Response): Promise<T> => response.json();

const get = <T>(path: string): Promise<T> => call(path, json<T>);

const post = <T>(path: string, body: unknown): Promise<T> =>
  call(path, json<T>, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

export const fetchConfig = () => get<Config>('/api/config');
export const fetchGames = async () => (await get<{ games: GameLine[] }>('/api/games')).games;
export const fetchGame = (game: number) => get<Game>(`/api/games/${game}`);
export const fetchAccount = (game: number, account: Address) => get<Account>(`/api/games/${game}/accounts/${account}`);
export const proofPath = (game: number, ply: number) => `/api/games/${game}/proofs/${ply}`;
export const fetchPassport = (model: number) => get<Passport>(`/api/model?model=${model}`);
export const askFaucet = (address: Address) => post<unknown>('/api/faucet', { address });

export interface Ballot {
  seat: number;
  ply: number;
  move: string;
  signature: Hex;
}

export const sendBallot = async (game: number, ballot: Ballot) =>
  (await post<{ receipt: Receipt }>(`/api/games/${game}/ballots`, ballot)).receipt;

export const fetchPgn = (game: number) =>
  call(`/api/games/${game}`, (response) => response.text(), { headers: { accept: 'application/x-chess-pgn' } });
