// Documents and browser objects that tests share.

import { readFileSync } from 'node:fs';
import type { Account, Config, Game, PlayedMove, Receipt } from '../src/api.ts';
import type { Wallet } from '../src/chain.ts';
import { Held } from '../src/held.ts';
import type { Operation } from '../src/stream.ts';

export const FEN = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';
export const ADDRESS = '0x5FbDB2315678afecb367f032d93F642f64180aa3';

/** A receipt that `server/store/ballots.py` signed, and the deployment it is bound to. */
export const { receipt: RECEIPT, ...DEPLOYMENT } = JSON.parse(
  readFileSync(new URL('../../tests/vectors/receipt.json', import.meta.url), 'utf8'),
) as Pick<Config, 'chainId' | 'contract'> & { receipt: Receipt };

export const move = (ply: number, san: string, by: PlayedMove['by']): PlayedMove => ({
  ...{ ply, san, by, move: 'e2e4', fen: `fen after ${ply}`, time: 0, tx: '0x' },
  proof: by === 'world' ? null : { gas: 1, block: 2, seconds: 3, payee: ADDRESS },
});

export const game = (change: Partial<Game> = {}): Game => ({
  ...{ id: 0, version: 1, chainId: 31337, contract: ADDRESS, state: 'vote', outcome: null, reason: null },
  terms: {
    ...{ model: 0, book: 0, worldIsWhite: true, leelaPoolOpen: true, lobbyPeriod: 0, votingPeriod: 300, minPeriod: 0 },
    ...{ provingPeriod: 86400, quorum: 0, fee: 0, maxOdds: 10, maxPly: 300, minStake: '1', maxStake: '0', reward: '0' },
  },
  ...{ creator: ADDRESS, pools: { world: '10', leela: '5', pot: '0', fund: '0' }, seats: 1, fen: FEN, openingFen: FEN },
  ...{ ply: 0, turn: 'white', world: 'white', mover: 'world', check: false, positionKey: null, now: 1000, since: 1000 },
  ...{
    created: 1,
    block: 1,
    deadline: 1300,
    decidableAt: 1000,
    ballotsUntil: 1295,
    moves: [],
    proof: null,
    thinking: null,
    opening: null,
  },
  vote: {
    ...{ ply: 0, leader: null, leaderWeight: '0', runnerUpWeight: '0', castWeight: '0', pending: 0, candidates: [] },
  },
  ...change,
});

export const seated: Account = {
  ...{ version: 1, side: 'world', stake: '10', seat: 0, voteKey: ADDRESS, votedPly: null, owed: '0', ballot: null },
};

/** An account of `ME` in the game of `game()`. */
export const ME = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
export const held = (account: Account, number = 0): Held => new Held(number, ME, account);

export const WALLET = { kind: 'burner', address: ME } as unknown as Wallet;

/** Local storage, empty. */
export function storage(): Pick<Storage, 'getItem' | 'setItem'> {
  const store = new Map<string, string>();
  return { getItem: (name) => store.get(name) ?? null, setItem: (name, value) => void store.set(name, value) };
}

/** An EventSource that a test speaks for. */
export class FakeSource extends EventTarget {
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static made: FakeSource[] = [];
  static last = () => FakeSource.made.at(-1) as FakeSource;
  readyState = 0;

  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }

  close() {
    this.readyState = FakeSource.CLOSED;
  }

  open() {
    this.readyState = FakeSource.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  fail(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }

  send(game: Partial<Game>) {
    this.dispatchEvent(new MessageEvent('game', { data: JSON.stringify(game) }));
  }

  patch(operations: Operation[]) {
    this.dispatchEvent(new MessageEvent('patch', { data: JSON.stringify(operations) }));
  }

  ping() {
    this.dispatchEvent(new MessageEvent('ping', { data: '' }));
  }
}
