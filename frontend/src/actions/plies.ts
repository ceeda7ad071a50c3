// Closed votes and old thoughts: asked for when they are looked at, once each.

import { ApiError, fetchThoughts, fetchVote } from '../api.ts';
import { type Asked, lastVoted, moveSeen, type Plies, wasVoted } from '../crowd.ts';
import type { Context } from './context.ts';

/** Asks for what the move looked at, and the last vote, have to say. */
export function lookUp(context: Context): void {
  const state = context.state();
  const { game } = state;
  if (game === null) return;
  const move = moveSeen(state);
  const last = lastVoted(game);
  if (last !== null) ask(context, 'votes', last, fetchVote);
  if (move !== null && wasVoted(move)) ask(context, 'votes', move.ply, fetchVote);
  if (move !== null && move.by !== 'world') ask(context, 'thoughts', move.ply, fetchThoughts);
}

function pliesOf(context: Context): Plies {
  const { plies, game } = context.state();
  const id = game?.id ?? -1;
  return plies?.game === id ? plies : { game: id, votes: new Map(), thoughts: new Map() };
}

function put<K extends 'votes' | 'thoughts'>(
  context: Context,
  kind: K,
  ply: number,
  value: Asked<unknown> | null,
): void {
  const plies = pliesOf(context);
  const known = new Map<number, Asked<unknown>>(plies[kind]);
  if (value === null) known.delete(ply);
  else known.set(ply, value);
  context.update({ plies: { ...plies, [kind]: known } as Plies });
}

function ask<T>(
  context: Context,
  kind: 'votes' | 'thoughts',
  ply: number,
  fetch: (game: number, ply: number) => Promise<T>,
): void {
  const { game } = pliesOf(context);
  const version = context.state().game?.version ?? 0;
  if (pliesOf(context)[kind].has(ply)) return;
  put(context, kind, ply, 'asked');
  fetch(game, ply).then(
    (known) => context.state().game?.id === game && put(context, kind, ply, { known, version }),
    (error) => {
      if (context.state().game?.id !== game) return;
      // Nothing was kept, which stays so; a server that does not answer is asked again when the move is looked at.
      put(context, kind, ply, error instanceof ApiError && error.status === 404 ? 'absent' : null);
    },
  );
}
