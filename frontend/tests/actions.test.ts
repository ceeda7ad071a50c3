import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Context } from '../src/actions/context.ts';
import { type Actions, bind } from '../src/actions/index.ts';
import { arrive } from '../src/actions/navigate.ts';
import { start } from '../src/actions/session.ts';
import type { Account, Ballot, Game } from '../src/api.ts';
import { ensureVoteKey, voteAddress } from '../src/ballot.ts';
import { transact, type Wallet } from '../src/chain.ts';
import { positionKey } from '../src/key.ts';
import { moveNumber, position } from '../src/position.ts';
import { accountOf, initial, mayVote, ownBallot, type State } from '../src/state.ts';
import { DEPLOYMENT, FakeSource, FEN, game, ME, move, RECEIPT, seated, storage } from './fakes.ts';

vi.mock('../src/chain.ts', async (original) => ({
  ...(await original<typeof import('../src/chain.ts')>()),
  reader: () => ({ getBalance: async () => 5n }),
  transact: vi.fn(),
}));

const CONFIG = { ...DEPLOYMENT, relay: RECEIPT.relay, receiptAddresses: [RECEIPT.relay], local: false };
const NOW = 2_000_000;
/** The vote that `RECEIPT` belongs to. */
const OPEN = game({
  ...{ ...DEPLOYMENT, id: RECEIPT.game, positionKey: positionKey(position(FEN)) },
  ...{ now: NOW, deadline: NOW + 300, ballotsUntil: NOW + 285 },
});

let state: State;
let context: Context;
let act: Actions;
/** What the server answers, and the ballots it was sent. */
let account: Account;
let takes: () => Response;
let config: typeof CONFIG;
let posted: Ballot[];
/** Requests whose answer is not read yet. */
let unread = 0;
let stirred = 0;

async function answer(path: string, init?: RequestInit): Promise<Response> {
  if (path === '/api/v1/config') return Response.json(config);
  if (path === '/api/v1/games') return Response.json({ games: [OPEN] });
  if (path.includes('/accounts/')) return Response.json(account);
  if (!path.endsWith('/ballots')) return Response.json({});
  posted.push(JSON.parse(String(init?.body)));
  return takes();
}

const voted = (status: 'received' | 'counted') => ({ ply: 0, move: 'e2e4', status });
const refused = () => Response.json({ detail: 'no relay is at work' }, { status: 503 });
const lost = () => Response.json({ receipt: RECEIPT });
const taken = () => {
  account = { ...account, ballot: voted('received') };
  return Response.json({ receipt: RECEIPT });
};
const unanswered = () => {
  throw new TypeError('network');
};

/** Opens the page anew, in the same browser. */
async function open(document: Game = OPEN): Promise<void> {
  state = { ...initial, wallet: { kind: 'burner', address: ME } as unknown as Wallet };
  context = new Context(
    () => state,
    (change) => {
      state = { ...state, ...change };
    },
  );
  act = bind(context);
  arrive(context);
  await start(context);
  FakeSource.last().send(document);
  await vi.waitFor(() => expect(accountOf(state)).not.toBeNull());
}

/** The account is asked for again, as after every ballot that anybody sends. */
async function stir(): Promise<void> {
  const { vote } = OPEN;
  FakeSource.last().send({ ...OPEN, vote: vote && { ...vote, pending: ++stirred } });
  await settled();
}

async function vote(): Promise<void> {
  act.play(12, 28);
  act.vote();
  await vi.waitFor(() => expect(state.task).toBeNull(), 5_000);
  await settled();
}

/** Waits until nothing is asked of the server any more. */
const settled = () => vi.waitFor(() => expect([unread, context.account]).toEqual([0, { asking: false, stale: false }]));

async function fetched(path: string, init?: RequestInit): Promise<Response> {
  unread++;
  try {
    const response = await answer(path, init);
    const read = response.json.bind(response);
    response.json = () => read().finally(() => unread--);
    return response;
  } catch (error) {
    unread--;
    throw error;
  }
}

beforeEach(async () => {
  vi.stubGlobal('localStorage', storage());
  vi.stubGlobal('location', { href: 'http://localhost:8000/', pathname: `/game/${RECEIPT.game}`, search: '' });
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('fetch', fetched);
  vi.stubGlobal('setInterval', () => 0);
  vi.stubGlobal('requestAnimationFrame', () => 0);
  vi.stubGlobal('window', Object.assign(new EventTarget(), { setTimeout: () => 0 }));
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  const voteKey = voteAddress(ensureVoteKey({ ...DEPLOYMENT, game: RECEIPT.game }, ME));
  account = { ...seated, seat: RECEIPT.seat, voteKey };
  [config, takes, posted, unread] = [CONFIG, taken, [], 0];
  await open();
});

afterEach(() => {
  vi.clearAllMocks();
  vi.unstubAllGlobals();
});

test('a ballot that the relay acknowledges is kept with its receipt', async () => {
  await vote();
  expect(state).toMatchObject({ problem: null, proposal: null });
  expect(ownBallot(state)).toEqual(voted('received'));
  expect(state.kept).toEqual({ ...DEPLOYMENT, game: RECEIPT.game, ballot: posted[0], receipt: RECEIPT });
  // The vote is over and another begins: the receipt is still there, after a reload as well.
  await open({ ...OPEN, ply: 2, state: 'over' });
  expect(state.kept?.ballot).toEqual(posted[0]);
});

test('whom the server refuses votes by transaction, for the same move', async () => {
  takes = refused;
  await vote();
  expect(state).toMatchObject({ problem: 'no relay is at work', proposal: 'e2e4', refused: true });
  act.voteByTransaction();
  await vi.waitFor(() => expect(state.task).toBeNull());
  expect(vi.mocked(transact).mock.calls[0]?.slice(3, 5)).toEqual(['castBallot', [2n, 0, moveNumber('e2e4')]]);
  expect(ownBallot(state)).toEqual(voted('counted'));
  act.withdraw();
  act.play(12, 28);
  expect(state.proposal).toBeNull();
});

test('a ballot that comes before the relay has looked at a new vote is sent again', async () => {
  let early = 2;
  takes = () => (early-- > 0 ? Response.json({}, { status: 503, headers: { 'Retry-After': '1' } }) : taken());
  await vote();
  expect(posted).toHaveLength(3);
  expect(posted[2]).toEqual(posted[0]);
  expect(state).toMatchObject({ proposal: null, refused: false, problem: null });
});

test('a ballot received and never carried is voted by transaction too', async () => {
  account = { ...account, ballot: voted('received') };
  await stir();
  act.voteByTransaction();
  await vi.waitFor(() => expect(transact).toHaveBeenCalled());
  expect(vi.mocked(transact).mock.calls[0]?.slice(3, 5)).toEqual(['castBallot', [2n, 0, moveNumber('e2e4')]]);
});

test('a ballot taken back is not sent later', async () => {
  takes = unanswered;
  await vote();
  expect(state.problem).toContain('does not answer');
  act.withdraw();
  takes = taken;
  await stir();
  await open();
  await stir();
  expect(posted).toHaveLength(1);
  expect(mayVote(state).may).toBe(true);
  act.play(12, 28);
  expect(state).toMatchObject({ proposal: 'e2e4', refused: false });
});

test('a ballot that arrived although no answer came is shown as the server has it', async () => {
  takes = () => {
    taken();
    return unanswered();
  };
  await vote();
  expect(ownBallot(state)).toEqual(voted('received'));
  expect(state.proposal).toBeNull();
});

test('a ballot acknowledged and then lost by the server is sent again once; its first receipt stays', async () => {
  takes = lost;
  await vote();
  await stir();
  await stir();
  expect(posted).toHaveLength(2);
  expect(posted[1]).toEqual(posted[0]);
  expect(state.kept?.receipt).toEqual(RECEIPT);
});

test('a receipt that is not valid is no acknowledgement', async () => {
  takes = () => Response.json({ receipt: { ...RECEIPT, received: RECEIPT.received + 1 } });
  await vote();
  expect(state).toMatchObject({ problem: 'The server’s receipt is not valid.', proposal: 'e2e4', refused: true });
  await stir();
  expect(state.kept).toBeNull();
  expect(posted).toHaveLength(1);
});

test('a relay with another key is a warning, at the start and at a receipt', async () => {
  expect(state.problem).toBeNull();
  config = { ...CONFIG, relay: ME };
  await open();
  expect(state.problem).toContain('another key');
  act.dismiss();
  await vote();
  expect(state.problem).toContain('another key');
  expect(ownBallot(state)).toEqual(voted('received'));
});

test('a document with an old clock does not turn the clock back, one of another game does', async () => {
  const { skew } = state;
  FakeSource.last().send({ ...OPEN, now: NOW - 120 });
  expect(state.skew).toBe(skew);
  FakeSource.last().send({ ...OPEN, now: NOW + 60 });
  expect(state.skew).toBeCloseTo(skew + 60, 0);
  location.pathname = '/game/7';
  arrive(context);
  FakeSource.last().send({ ...OPEN, id: 7 });
  expect(state.skew).toBeCloseTo(skew, 0);
});

test('Enter on the board of an old position goes back to the live one and picks nothing up', async () => {
  FakeSource.last().send({ ...OPEN, moves: [{ ...move(0, 'e4', 'world'), fen: FEN }] });
  act.view(0);
  act.boardKey('ArrowUp');
  state = { ...state, cursor: 12 };
  expect(act.boardKey('Enter')).toBe(true);
  expect(state).toMatchObject({ viewed: null, picked: null, proposal: null, said: 'Back at the live position.' });
  act.boardKey('Enter');
  expect(state.picked).toBe(12);
});
