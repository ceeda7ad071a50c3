// The vote: a move is proposed on the board or in letters, then signed and sent, or cast by transaction.

import type { Role } from 'chessops/types';
import { makeSquare } from 'chessops/util';
import type { Address } from 'viem';
import { ApiError, type Ballot, sendBallot } from '../api.ts';
import { Held } from '../held.ts';
import { keepBallot, relayChanged } from '../kept.ts';
import { moveNumber, needsPromotion, position, readMove } from '../position.ts';
import { playSound } from '../sounds.ts';
import { answerTo } from '../spoken.ts';
import { accountOf, livePosition, mayVote, ownBallot } from '../state.ts';
import { w } from '../words/index.ts';
import { refreshAccount } from './account.ts';
import { type Context, identity, pause } from './context.ts';
import { focusSoon } from './focus.ts';

const DIRECT = 'proofmate:vote-at-once';

export const votesAtOnce = (): boolean => localStorage.getItem(DIRECT) === 'yes';

export function setDirect(context: Context, direct: boolean): void {
  localStorage.setItem(DIRECT, direct ? 'yes' : 'no');
  context.update({ direct });
}

/** A piece was moved on the board. */
export function play(context: Context, from: number, to: number): void {
  const pos = livePosition(context.state().game);
  if (pos === null || !mayVote(context.state()).may) return;
  context.update({ cursor: null, picked: null });
  if (needsPromotion(pos, { from, to })) {
    context.update({ promotion: { from, to } });
  } else propose(context, readMove(pos, makeSquare(from) + makeSquare(to)));
}

export function promote(context: Context, role: Role | null): void {
  const { promotion, game } = context.state();
  const pos = livePosition(game);
  if (promotion === null || pos === null) return;
  context.update({ promotion: null });
  if (role === null) focusSoon('#board');
  const letter = { queen: 'q', rook: 'r', bishop: 'b', knight: 'n' }[role as string];
  if (letter === undefined) return;
  propose(context, readMove(pos, makeSquare(promotion.from) + makeSquare(promotion.to) + letter));
}

export function typeMove(context: Context, text: string): void {
  context.update({ typed: text });
}

export function submitTyped(context: Context): void {
  const { game, typed } = context.state();
  const answer = answerTo(context.state(), typed);
  if (answer !== null) {
    context.update({ typed: '', answer });
    return;
  }
  const pos = livePosition(game);
  if (pos === null) return;
  const move = readMove(pos, typed);
  if (move === null) context.update({ problem: w.board.illegal(typed.trim().slice(0, 12)) });
  else if (mayVote(context.state()).may) propose(context, move);
  else context.update({ problem: mayVote(context.state()).why || w.board.typeNothing });
}

function propose(context: Context, move: string | null): void {
  if (move === null || !mayVote(context.state()).may) return;
  context.update({ proposal: move, refused: false, typed: '', answer: '', problem: null, viewed: null });
  if (context.state().direct) vote(context);
  else focusSoon('#vote');
}

export function withdraw(context: Context): void {
  context.update({ proposal: null });
  focusSoon('#board');
}

export function vote(context: Context): void {
  const { game, wallet, proposal } = context.state();
  const account = accountOf(context.state());
  if (game?.fen == null || wallet === null || account?.seat == null || proposal === null) return;
  const { fen, ply } = game;
  const { seat, voteKey } = account;
  const at = identity(game);
  let elsewhere = false;
  void context
    .attempt(w.vote.sending, async () => {
      const { positionKey } = await import('../key.ts');
      const seen = positionKey(position(fen));
      if (game.positionKey !== null && seen !== game.positionKey) throw new Error(w.vote.otherPosition);
      const { checkReceipt, signBallot, storedVoteKey, voteAddress } = await import('../ballot.ts');
      const key = storedVoteKey(at, wallet.address);
      if (key === null || voteAddress(key).toLowerCase() !== voteKey?.toLowerCase()) {
        elsewhere = true; // the vote key is in another browser
        return;
      }
      try {
        const ballot = await signBallot(key, at, seat, ply, proposal, seen);
        const receipt = await checkReceipt(at, ballot, seen, await deliver(game.id, ballot));
        if (receipt === null) throw new Error(w.vote.badReceipt);
        // Kept from here on only: what the relay never acknowledged can still be taken back.
        keepBallot(wallet.address, { ...at, ballot, receipt });
        meetRelay(context, receipt.relay);
        voted(context, ply, proposal, 'received');
      } catch (error) {
        context.update({ refused: true });
        throw error;
      } finally {
        // After a failure too: the ballot may have arrived all the same.
        void refreshAccount(context);
      }
    })
    .then(() => elsewhere && voteByTransaction(context));
}

/** Sends a ballot; again after a second, if the server asks for no more: the relay has yet to look at a vote that just opened. */
async function deliver(game: number, ballot: Ballot) {
  for (let tries = 5; ; tries--) {
    try {
      return await sendBallot(game, ballot);
    } catch (error) {
      if (!(error instanceof ApiError) || error.retryAfter !== 1 || tries === 1) throw error;
      await pause(1000);
    }
  }
}

/** The account itself votes: for whom the server or its relay does not serve. The contract skips a second ballot. */
export function voteByTransaction(context: Context): void {
  const { game, proposal } = context.state();
  const move = ownBallot(context.state())?.move ?? proposal;
  if (game === null || move === null) return;
  const task = w.vote.sendingTransaction;
  void context.attempt(task, async () => {
    await context.transaction(task, 'castBallot', [BigInt(game.id), game.ply, moveNumber(move)]);
    voted(context, game.ply, move, 'counted');
  });
}

function voted(context: Context, ply: number, move: string, status: 'received' | 'counted'): void {
  const { game, wallet } = context.state();
  const account = accountOf(context.state());
  if (account !== null && game !== null && wallet !== null) {
    context.update({ held: new Held(game.id, wallet.address, { ...account, ballot: { ply, move, status } }) });
  }
  context.update({ proposal: null, said: w.vote.said[status] });
  if (!context.state().taste.muted) playSound('voted');
}

/** Warns of a relay that signs with another key than the one this browser knows. */
export function meetRelay(context: Context, relay: Address): void {
  const { config } = context.state();
  if (config === null || !relayChanged(config, relay)) return;
  context.update({ problem: w.vote.otherRelay });
}
