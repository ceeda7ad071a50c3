// What the crowd decided: closed votes, kept by ply, and the moment of the game that is looked at.

import type { Candidate, ClosedVote, Game, PlayedMove, Thinking } from './api.ts';
import { percent } from './format.ts';
import { type State, shown } from './state.ts';
import { w } from './words/index.ts';

/** What is known of something that the server is asked for; `version`: of the game's document when it was asked. */
export type Asked<T> = { readonly known: T; readonly version: number } | 'asked' | 'absent';

/** What is known of the plies of a game. */
export interface Plies {
  readonly game: number;
  readonly votes: ReadonlyMap<number, Asked<ClosedVote>>;
  readonly thoughts: ReadonlyMap<number, Asked<Thinking>>;
}

/** The move looked at: the one that led to the position on the board. */
export const moveSeen = (state: State): PlayedMove | null => shown(state).last;

/** Whether a vote was held before a move: the crowd's own, and those that the network made in its place. */
export const wasVoted = (move: PlayedMove): boolean => move.by !== 'leela';

/** The last ply at which a vote closed; a vote that failed is known before the network's move for the World. */
export function lastVoted(game: Game): number | null {
  if (game.state === 'prove' && game.mover === 'understudy') return game.ply;
  return game.moves.findLast(wasVoted)?.ply ?? null;
}

/** A candidate's part of all the World's stakes, 0 to 1. */
export function part(weight: string, world: string): number {
  const total = BigInt(world);
  return total === 0n ? 0 : Number((BigInt(weight) * 10_000n) / total) / 10_000;
}

/** The result of a vote in one sentence: "Nf3, 61%, beat Bc4". Shares are of the stakes that voted. */
export function told(vote: ClosedVote): string {
  const [first, second] = vote.candidates as readonly (Candidate | undefined)[];
  const share = (candidate: Candidate) => percent(part(candidate.weight, vote.castWeight));
  if (first === undefined) return w.crowd.undecided(null, '');
  if (vote.san === null) return w.crowd.undecided(first.san, percent(part(first.weight, vote.world)));
  if (second !== undefined && second.weight === first.weight) return w.crowd.tie(vote.san, share(first), second.san);
  return w.crowd.won(vote.san, share(first), second?.san ?? null);
}

/** A move's number as players count, from the game's opening. */
export function moveNumberAt(game: Game, ply: number): number {
  const [, turn, , , , number] = (game.openingFen ?? '').split(' ');
  return Number(number ?? 1) + Math.floor((ply + (turn === 'b' ? 1 : 0)) / 2);
}

const knownOf = <T>(asked: Asked<T> | undefined): T | null => (typeof asked === 'object' ? asked.known : null);

export const voteAt = (state: State, ply: number): ClosedVote | null =>
  state.plies?.game === state.game?.id ? knownOf(state.plies?.votes.get(ply)) : null;

export const thoughtsAt = (state: State, ply: number): Thinking | null =>
  state.plies?.game === state.game?.id ? knownOf(state.plies?.thoughts.get(ply)) : null;

/** The move that the network has chosen and that is not proven yet. */
export function underProof({ game }: State): { uci: string; san: string; fraction: number } | null {
  if (game?.state !== 'prove' || game.thinking === null) return null;
  const { ply, position, choice, choiceSan } = game.thinking;
  // Thoughts of a position that a reorganisation removed are no choice here.
  if (ply !== game.ply || position !== game.positionKey) return null;
  const fraction = game.proof !== null && game.proof.ply === ply ? game.proof.fraction : 0;
  return { uci: choice, san: choiceSan, fraction: Math.min(fraction, 0.99) }; // whole only when the contract accepts it
}
