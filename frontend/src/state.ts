// The one state of the page. Views draw it; actions replace parts of it.

import type { Color } from 'chessops/types';
import type { Address } from 'viem';
import type { Account, AccountGame, Config, Game, GameLine, Passport, PlayedMove, Series, Side } from './api.ts';
import type { Announced, Wallet } from './chain.ts';
import type { Finding } from './checks.ts';
import type { Plies } from './crowd.ts';
import { type Held, type Holding, holding } from './held.ts';
import type { KeptBallot } from './kept.ts';
import type { Stakes } from './payout.ts';
import { position } from './position.ts';
import type { Route } from './route.ts';
import type { Connection } from './stream.ts';
import { PLAIN, type Taste } from './taste.ts';
import { type Language, w } from './words/index.ts';

export interface State {
  route: Route;
  config: Config | null;
  /** Draws the vault's page; null until it was fetched. */
  vault: { draw: (state: State) => unknown } | null;
  /** The newest games; null until the server told them. */
  games: GameLine[] | null;
  /** Whether the next game is open, or when it opens; null: there is no series. */
  series: Series | null;
  game: Game | null;
  connection: Connection;
  /** Why there is no game to draw, if there is a reason; `none`: the server says that there is no such game. */
  absent: { why: string; none: boolean } | null;
  /** Chain time minus this machine's, in seconds. */
  skew: number;
  /** This machine's unix seconds, moved on by the clock. */
  now: number;

  /** The position looked at, as the number of moves played before it; null: the live one. */
  viewed: number | null;
  flipped: boolean;
  /** The keyboard's square and the square it picked up. */
  cursor: number | null;
  picked: number | null;

  /** Closed votes and old thoughts of the game, as far as they were looked at. */
  plies: Plies | null;
  taste: Taste;

  wallets: Announced[];
  /** Whether this browser's wallet was looked for: before that, none is no news. */
  walletsKnown: boolean;
  wallet: Wallet | null;
  pairing: Pairing | null;
  balance: bigint | null;
  held: Held | null;
  /** Every game in which this account has a stake or unclaimed money; null until the server told them. */
  mine: { owner: Address; games: AccountGame[]; more: number | null } | null;
  /** The last ballot of this account that the relay acknowledged to this browser. */
  kept: KeptBallot | null;

  side: Side;
  amount: string;
  /** A move chosen on the board and not voted for yet (UCI). */
  proposal: string | null;
  /** The proposal was sent as a ballot, and no valid receipt came back. */
  refused: boolean;
  promotion: { from: number; to: number } | null;
  typed: string;
  /** What the last typed command or key asked for. */
  answer: string;
  /** Ballots are sent without asking again. */
  direct: boolean;

  language: Language;
  theme: Theme;

  /** What is being sent, while it is. */
  task: string | null;
  problem: string | null;
  notice: string | null;
  /** Read out to screen readers. */
  said: string;

  passport: Passport | null;
  check: { ply: number; findings: Finding[]; problem: string | null; running: boolean } | null;
}

/** A wallet app is asked for: the address (wc:...) that it opens, the same as a QR code's rows, and how to give up. */
export interface Pairing {
  uri: string;
  code: readonly (readonly boolean[])[];
  cancel: () => void;
}

/** Light, dark, or as the device says. */
export type Theme = 'auto' | 'light' | 'dark';

export const initial: State = {
  route: { page: 'front' },
  config: null,
  vault: null,
  games: null,
  series: null,
  game: null,
  connection: 'connecting',
  absent: null,
  skew: 0,
  now: Date.now() / 1000,
  viewed: null,
  flipped: false,
  cursor: null,
  picked: null,
  plies: null,
  taste: PLAIN,
  wallets: [],
  walletsKnown: false,
  wallet: null,
  pairing: null,
  balance: null,
  held: null,
  mine: null,
  kept: null,
  side: 'world',
  amount: '1',
  proposal: null,
  refused: false,
  promotion: null,
  typed: '',
  answer: '',
  direct: false,
  language: 'en',
  theme: 'auto',
  task: null,
  problem: null,
  notice: null,
  said: '',
  passport: null,
  check: null,
};

/** Calls that anyone can make when a wait is over and the relay did not. */
export type Overdue = 'closeLobby' | 'begin' | 'closeVote' | 'voidGame';

/** How long the relay may be late before the page offers to do its work. */
const RELAY_GRACE = 30;
/**
 * How long a draw by a block takes: three blocks of a slow chain. It has no deadline, and `begin` refuses who comes early. A draw by
 * the beacon has one, before which `begin` does nothing.
 */
const DRAW_PERIOD = 40;

export const chainNow = (state: State): number => state.now + state.skew;

export const secondsLeft = (state: State, until: number): number | null =>
  until === 0 ? null : until - chainNow(state);

export function overdue(state: State): Overdue | null {
  const { game } = state;
  if (game === null || game.state === 'over') return null;
  const left = secondsLeft(state, game.deadline || (game.state === 'drawn' ? game.since + DRAW_PERIOD : 0));
  if (left === null || left > -RELAY_GRACE) return null;
  return ({ lobby: 'closeLobby', drawn: 'begin', vote: 'closeVote', prove: 'voidGame' } as const)[game.state];
}

/** The longest final window of a lobby, in seconds: in it no stake is taken back (`Game.stake`). */
const FINAL_WINDOW = 3600;

/** Whether a stake can still be taken back. */
export function mayLeave(state: State): boolean {
  const { game } = state;
  if (game?.state !== 'lobby') return false;
  const window = Math.min(Math.floor(game.terms.lobbyPeriod / 4), FINAL_WINDOW);
  return game.deadline === 0 || chainNow(state) < game.deadline - window;
}

export function stakesOf(game: Game): Stakes {
  return {
    world: BigInt(game.pools.world),
    leela: BigInt(game.pools.leela),
    pot: BigInt(game.pools.pot),
    maxOdds: BigInt(game.terms.maxOdds),
    fee: BigInt(game.terms.fee),
  };
}

/** The position looked at: its FEN, and the move that led to it. */
export function shown(state: State): { fen: string | null; last: PlayedMove | null; live: boolean } {
  const { game, viewed } = state;
  if (game === null) return { fen: null, last: null, live: true };
  if (viewed === null || viewed >= game.moves.length) {
    return { fen: game.fen, last: game.moves.at(-1) ?? null, live: true };
  }
  const last = viewed === 0 ? null : (game.moves[viewed - 1] ?? null);
  return { fen: last === null ? game.openingFen : last.fen, last, live: false };
}

/** What is known of the visitor's account in the game that is shown. */
export const holdingOf = ({ held, game, wallet }: State): Holding => holding(held, game, wallet?.address ?? null);

/** The visitor's account in the game that is shown; null while there is none or it is not known. */
export function accountOf(state: State): Account | null {
  const holding = holdingOf(state);
  return holding.is === 'known' ? holding.account : null;
}

/** The ballot of this account for the vote that is open. */
export function ownBallot(state: State): { move: string; status: 'received' | 'counted' } | null {
  const { game } = state;
  const ballot = accountOf(state)?.ballot ?? null;
  return ballot !== null && game?.vote && ballot.ply === game.vote.ply ? ballot : null;
}

/** Whether this browser may choose a move now; if not, why, for people. */
export function mayVote(state: State): { may: boolean; why: string } {
  const { game } = state;
  const account = accountOf(state);
  if (game?.state !== 'vote') return { may: false, why: '' };
  if (account?.side !== 'world' || account.seat === null) {
    return { may: false, why: w.vote.onlyStakers };
  }
  if (ownBallot(state) !== null || account.votedPly === game.ply) return { may: false, why: '' };
  const left = secondsLeft(state, game.ballotsUntil);
  if (left !== null && left <= 0) return { may: false, why: w.vote.closed };
  return { may: true, why: '' };
}

/** The side to move in a FEN. */
export const turnOf = (fen: string): Color => (fen.split(' ')[1] === 'b' ? 'black' : 'white');

/** The live position, parsed; null before the opening is drawn. */
export const livePosition = (game: Game | null) => (game?.fen ? position(game.fen) : null);

/** What to read out when one document follows another; empty if nothing happened. */
export function news(before: Game | null, after: Game): string {
  if (before === null || before.id !== after.id) return '';
  const said: string[] = [];
  for (const move of after.moves.slice(before.moves.length)) said.push(w.news.plays(move.by, move.san));
  if (after.state !== before.state || after.ply !== before.ply) {
    if (after.state === 'vote') said.push(w.news.voteOpen);
    if (after.state === 'drawn') said.push(w.news.drawn);
    if (after.state === 'over') said.push(resultText(after));
  }
  return said.join(' ');
}

export function resultText({ outcome, reason }: Game): string {
  if (outcome === null) return w.result.over;
  return w.result.sentence(w.result.outcomes[outcome], reason === null ? null : w.result.reasons[reason]);
}
