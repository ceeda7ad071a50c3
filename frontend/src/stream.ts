// The live game: server-sent events, with reconnection that also survives a server that is gone for a while.

import { fetchGame, type Game } from './api.ts';

export type Connection = 'connecting' | 'live' | 'lost';

const FIRST_RETRY = 500;
const LONGEST_RETRY = 8_000;
/** The server says something at least every 4 s (server/api/stream.py); a connection silent for longer than two is dead. */
const SILENCE = 9_000;

/** A stream begins with the document at once; a hub that stands in for the server does not, and then it is fetched. */
const AWAITED = 700;

/** What the server's patches consist of (RFC 6902), paths by field name; `-` is the end of a list. */
export interface Operation {
  op: 'add' | 'replace' | 'remove';
  path: string;
  value?: unknown;
}

/** A copy of a document with a patch applied; what did not change is shared with the document. */
export function patched<T extends object>(document: T, patch: readonly Operation[]): T {
  const change = (held: unknown, names: readonly string[], { op, value }: Operation): unknown => {
    const [name, ...rest] = names;
    if (name === undefined) return value;
    if (Array.isArray(held)) return [...held, value];
    const copy: Record<string, unknown> = { ...(held as object) };
    if (op === 'remove' && rest.length === 0) delete copy[name];
    else copy[name] = change(copy[name], rest, { op, path: '', value });
    return copy;
  };
  return patch.reduce<unknown>((held, step) => change(held, step.path.split('/').slice(1), step), document) as T;
}

/**
 * Follows a game until the returned function is called. The browser reconnects by itself after a cut, but gives up when
 * the server answers with an error; then a new connection is tried, less and less often. A connection can also die
 * without a word; then a new one is made.
 */
export function follow(game: number, onGame: (game: Game) => void, onState: (state: Connection) => void): () => void {
  let source: EventSource | null = null;
  let retry = FIRST_RETRY;
  let timer = 0;

  const schedule = (next: () => void, wait: number) => {
    clearTimeout(timer);
    timer = window.setTimeout(next, wait);
  };

  const giveUp = () => {
    onState('lost');
    open();
  };

  const heard = () => {
    onState('live');
    schedule(giveUp, SILENCE);
  };

  const open = () => {
    source?.close();
    source = new EventSource(`/api/v1/games/${game}/stream?patch=true`);
    let document: Game | null = null;
    schedule(giveUp, SILENCE);
    source.addEventListener('open', () => {
      retry = FIRST_RETRY;
      heard();
      const opened = source;
      window.setTimeout(() => {
        if (document === null && source === opened) void fetchGame(game).then(onGame, () => {});
      }, AWAITED);
    });
    source.addEventListener('ping', heard);
    source.addEventListener('game', (event) => {
      heard();
      document = JSON.parse(event.data) as Game;
      onGame(document);
    });
    source.addEventListener('patch', (event) => {
      heard();
      if (document === null) return open(); // it begins with the whole document
      document = patched(document, JSON.parse(event.data) as Operation[]);
      onGame(document);
    });
    source.addEventListener('error', () => {
      onState('lost');
      if (source?.readyState !== EventSource.CLOSED) return;
      // Refused, perhaps because too many watch: the document is fetched meanwhile, and not by all at once.
      void fetchGame(game).then(onGame, () => {});
      schedule(open, retry * (1 + Math.random() / 2));
      retry = Math.min(2 * retry, LONGEST_RETRY);
    });
  };

  // A phone that slept, or a network that came back, should not wait for the next retry.
  const wake = () => {
    if (document.visibilityState === 'visible' && source?.readyState !== EventSource.OPEN) open();
  };
  const cut = () => onState('lost');
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('offline', cut);
  window.addEventListener('online', wake);
  onState('connecting');
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
    document.removeEventListener('visibilitychange', wake);
    window.removeEventListener('online', wake);
    window.removeEventListener('offline', cut);
  };
}
