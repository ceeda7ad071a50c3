// The live game: server-sent events, with reconnection that also survives a server that is gone for a while.

import type { Game } from './api.ts';

export type Connection = 'connecting' | 'live' | 'lost';

const FIRST_RETRY = 500;
const LONGEST_RETRY = 8_000;
/** The server says something at least every 4 s (server/api/stream.py); a connection silent for longer than two is dead. */
const SILENCE = 9_000;

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
    source = new EventSource(`/api/games/${game}/stream`);
    schedule(giveUp, SILENCE);
    source.addEventListener('open', () => {
      retry = FIRST_RETRY;
      heard();
    });
    source.addEventListener('ping', heard);
    source.addEventListener('game', (event) => {
      heard();
      onGame(JSON.parse(event.data) as Game);
    });
    source.addEventListener('error', () => {
      onState('lost');
      if (source?.readyState !== EventSource.CLOSED) return;
      schedule(open, retry);
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
