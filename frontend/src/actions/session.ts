// The session: settings, the list of games, and the game that is followed.

import {
  ApiError,
  type Config,
  fetchConfig,
  fetchFirst,
  fetchGame,
  fetchGames,
  fetchPassport,
  type Game,
} from '../api.ts';
import { explain } from '../explain.ts';
import { playSound, soundOf } from '../sounds.ts';
import { accountOf, holdingOf, news } from '../state.ts';
import { follow } from '../stream.ts';
import { keptTaste, wear } from '../taste.ts';
import { refreshAccount, refreshMine } from './account.ts';
import { type Context, pause } from './context.ts';
import { scrollMoves, showBoard } from './focus.ts';
import { lookUp } from './plies.ts';
import { meetRelay, votesAtOnce } from './vote.ts';
import { announced, firstFunds, restoreBurner, resumePaired } from './wallet.ts';

/** How often what no stream tells, the list of games and the wallet's balance, is looked at, in milliseconds. */
const LOOK_AROUND = 5_000;

/** Loads the settings; tries again until the server answers. */
export async function start(context: Context): Promise<void> {
  const taste = keptTaste();
  context.update({ direct: votesAtOnce(), taste });
  wear(taste).catch(() => {}); // the pieces stay as they are
  for (let wait = 500; ; wait = Math.min(2 * wait, 8_000)) {
    try {
      const config = await fetchConfig();
      context.update({ config });
      meetRelay(context, config.relay);
      break;
    } catch (error) {
      context.update({ connection: 'lost', absent: { why: explain(error), none: false } });
      await pause(wait);
    }
  }
  setInterval(() => document.visibilityState === 'visible' && lookAround(context), LOOK_AROUND);
  const { route, game } = context.state();
  if (route.page === 'mine' || route.page === 'vault' || game !== null) await connectChain(context);
}

/**
 * Loads what talks to the chain and to wallets, once the settings are known. A board can be drawn without it, and the
 * front page needs it for nothing: it is loaded once a game is drawn, or when my games or the wallets are opened.
 */
export async function connectChain(context: Context): Promise<void> {
  const { config } = context.state();
  if (config === null) return;
  context.connecting ??= loadChain(context, config);
  await context.connecting;
}

/** Tries again until it is here. */
async function loadChain(context: Context, config: Config): Promise<void> {
  const chain = await import('../chain.ts').catch(() => null);
  if (chain === null) {
    await pause(2_000);
    return loadChain(context, config);
  }
  context.chain = chain.reader(config);
  chain.discover((wallet) => announced(context, wallet));
  await restoreBurner(context);
  void resumePaired(context).catch(() => {});
  context.update({ walletsKnown: true });
}

/**
 * Shows another game, and follows it. The first one of a visit is fetched besides: browsers have begun with that before
 * the page's code was here (server/api/page.py), while a stream begins now. Resolves when that document is drawn.
 */
export async function followGame(context: Context, game: number, first = false): Promise<void> {
  leaveGame(context);
  context.unfollow = follow(
    game,
    (document) => received(context, document),
    (connection) => {
      context.update({ connection });
      if (connection === 'lost' && context.state().game === null) void explainAbsence(context, game);
    },
  );
  if (!first) return;
  void import('../chain.ts').catch(() => {}); // comes while the board is drawn
  const document = await fetchFirst(game).catch(() => null); // the stream is the one that tells of failures
  if (document !== null && shows(context, game) && context.state().game === null) received(context, document);
}

const shows = ({ state }: Context, game: number): boolean => {
  const { route } = state();
  return route.page === 'game' && route.game === game;
};

/** Follows no game any more. */
export function leaveGame(context: Context): void {
  context.unfollow();
  context.unfollow = () => {};
  context.update({
    ...{ game: null, kept: null, passport: null, check: null, absent: null },
    ...{ viewed: null, proposal: null, promotion: null, picked: null, cursor: null, typed: '' },
    ...{ plies: null, answer: '' },
  });
}

/** Asks again for the game that could not be shown. */
export function retry(context: Context): void {
  const { route } = context.state();
  if (route.page === 'game') void followGame(context, route.game);
}

/** A stream tells nothing of why it fails; the document's own address does. */
async function explainAbsence(context: Context, game: number): Promise<void> {
  const absent = await fetchGame(game).then(
    () => null,
    (error) => ({ why: explain(error), none: error instanceof ApiError && error.status === 404 }),
  );
  if (context.state().game !== null || !shows(context, game)) return;
  context.update({ absent });
  void refreshGames(context); // to lead on
  if (absent?.none) context.unfollow();
}

function received(context: Context, game: Game): void {
  const before = context.state().game;
  const now = Date.now() / 1000;
  // A document that waited on its way has a clock that is behind, and none is ahead.
  const skew = Math.max(before === null ? Number.NEGATIVE_INFINITY : context.state().skew, game.now - now);
  const said = news(before, game);
  const moved = before === null || before.fen !== game.fen || before.state !== game.state;
  context.update({
    ...{ game, skew, now, absent: null },
    ...(said === '' ? {} : { said }),
    ...(moved ? { proposal: null, promotion: null, picked: null, typed: '' } : {}),
  });
  const sound = soundOf(before, game);
  if (sound !== null && !context.state().taste.muted) playSound(sound);
  // A reorganisation took moves back: what was known of them may be another's.
  const kept = before?.moves.every((move, i) => game.moves[i]?.tx === move.tx);
  if (kept === false) context.update({ plies: null });
  lookUp(context);
  if (before !== null && before.state !== game.state) void refreshGames(context);
  if (before?.moves.length !== game.moves.length) scrollMoves();
  const opens = game.state === 'vote' && (before?.state === 'lobby' || before?.state === 'drawn');
  if (opens && accountOf(context.state())?.side === 'world') showBoard();
  if (before === null) setTimeout(() => besideTheBoard(context, game));
  const holding = holdingOf(context.state());
  const outdated = game.state === 'over' && holding.is === 'known' && !holding.current;
  if (before === null || outdated || stakesAndVotes(before) !== stakesAndVotes(game)) void refreshAccount(context);
}

/** What the board can be drawn without. */
function besideTheBoard(context: Context, game: Game): void {
  void connectChain(context);
  void refreshGames(context);
  void loadPassport(context, game.terms.model);
}

/** What of a document can change what an account has or may do; a proof's progress does not. */
const stakesAndVotes = ({ state, ply, pools, vote }: Game): string =>
  JSON.stringify([state, ply, pools, vote?.castWeight, vote?.pending]);

async function lookAround(context: Context): Promise<void> {
  const { wallet, balance, route } = context.state();
  if (wallet !== null && balance === 0n) void firstFunds(context, wallet);
  if (route.page === 'mine') void refreshMine(context);
  await Promise.all([refreshGames(context), refreshAccount(context)]);
}

export async function refreshGames(context: Context): Promise<void> {
  const found = await fetchGames().catch(() => null);
  if (found !== null) context.update({ games: found.games, series: found.series ?? null });
}

async function loadPassport(context: Context, model: number): Promise<void> {
  const passport = await fetchPassport(model).catch(() => null);
  const { game } = context.state();
  if (game?.terms.model !== model) return;
  if (passport !== null) context.update({ passport });
  else setTimeout(() => loadPassport(context, model), LOOK_AROUND);
}

export function dismiss(context: Context): void {
  context.update({ problem: null, notice: null });
}
