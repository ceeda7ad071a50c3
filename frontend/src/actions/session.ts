// The session: settings, the list of games, and the game that is followed.

import { fetchConfig, fetchGame, fetchGames, fetchPassport, type Game } from '../api.ts';
import { discover, explain, reader } from '../chain.ts';
import { news } from '../state.ts';
import { follow as followGame } from '../stream.ts';
import { type Language, rememberLanguage, speak, w } from '../words/index.ts';
import { refreshAccount } from './account.ts';
import { type Context, pause } from './context.ts';
import { scrollMoves } from './focus.ts';
import { meetRelay, votesAtOnce } from './vote.ts';
import { announced, firstFunds, restoreBurner } from './wallet.ts';

/** How often what no stream tells, the list of games and the wallet's balance, is looked at, in milliseconds. */
const LOOK_AROUND = 10_000;

/** Loads the settings and the game; tries again until the server answers. */
export async function start(context: Context): Promise<void> {
  context.update({ direct: votesAtOnce() });
  for (let wait = 500; ; wait = Math.min(2 * wait, 8_000)) {
    try {
      const config = await fetchConfig();
      context.chain = reader(config);
      context.update({ config });
      meetRelay(context, config.relay);
      break;
    } catch (error) {
      context.update({ connection: 'lost', absent: explain(error) });
      await pause(wait);
    }
  }
  discover((wallet) => announced(context, wallet));
  restoreBurner(context);
  await loadGames(context);
  setInterval(() => document.visibilityState === 'visible' && lookAround(context), LOOK_AROUND);
}

async function loadGames(context: Context): Promise<void> {
  for (;;) {
    try {
      const games = await fetchGames();
      context.update({ games });
      const asked = Number(new URLSearchParams(location.search).get('game') ?? Number.NaN);
      const chosen = games.find((g) => g.id === asked) ?? games[0];
      if (chosen !== undefined) {
        selectGame(context, Number.isInteger(asked) && asked >= 0 ? asked : chosen.id);
        return;
      }
      context.update({ absent: w.page.noGame, connection: 'live' });
    } catch (error) {
      context.update({ absent: explain(error), connection: 'lost' });
    }
    await pause(3_000);
  }
}

/** Shows another game, and follows it. */
export function selectGame(context: Context, game: number): void {
  context.unfollow();
  context.update({
    ...{ game: null, account: null, kept: null, passport: null, check: null },
    ...{ viewed: null, proposal: null, promotion: null },
  });
  context.unfollow = followGame(
    game,
    (document) => received(context, document),
    (connection) => {
      context.update({ connection });
      if (connection === 'lost' && context.state().game === null) void explainAbsence(context, game);
    },
  );
}

/** A stream tells nothing of why it fails; the document's own address does. */
async function explainAbsence(context: Context, game: number): Promise<void> {
  const absent = await fetchGame(game).then(() => null, explain);
  if (context.state().game === null) context.update({ absent });
}

function received(context: Context, game: Game): void {
  const before = context.state().game;
  const now = Date.now() / 1000;
  // A document that waited on its way has a clock that is behind, and none is ahead.
  const skew = Math.max(before === null ? Number.NEGATIVE_INFINITY : context.state().skew, game.now - now);
  const said = news(before, game);
  const moved = before === null || before.fen !== game.fen || before.state !== game.state;
  context.update({
    ...{ game, skew, now },
    ...(said === '' ? {} : { said }),
    ...(moved ? { proposal: null, promotion: null, picked: null, typed: '' } : {}),
  });
  if (before === null || before.state !== game.state) void refreshGames(context);
  if (before?.moves.length !== game.moves.length) scrollMoves();
  if (context.state().passport === null) void loadPassport(context, game.terms.model);
  if (before === null || stakesAndVotes(before) !== stakesAndVotes(game)) void refreshAccount(context);
}

/** What of a document can change what an account has or may do; a proof's progress does not. */
const stakesAndVotes = ({ state, ply, pools, vote }: Game): string =>
  JSON.stringify([state, ply, pools, vote?.castWeight, vote?.pending]);

async function lookAround(context: Context): Promise<void> {
  const { wallet, balance } = context.state();
  if (wallet !== null && balance === 0n) void firstFunds(context, wallet);
  await Promise.all([refreshGames(context), refreshAccount(context)]);
}

async function refreshGames(context: Context): Promise<void> {
  const games = await fetchGames().catch(() => null);
  if (games !== null) context.update({ games });
}

async function loadPassport(context: Context, model: number): Promise<void> {
  const passport = await fetchPassport(model).catch(() => null);
  if (passport !== null) context.update({ passport });
}

/** Speaks another language from now on. */
export function setLanguage(context: Context, language: Language): void {
  speak(language).then(
    () => {
      rememberLanguage(language);
      context.update({ language });
    },
    () => context.update({ problem: w.problems.noAnswer }),
  );
}

export function dismiss(context: Context): void {
  context.update({ problem: null, notice: null });
}
