// Evidence: a proof checked in this tab, the game as PGN, the receipt of a ballot.

import { fetchPgn } from '../api.ts';
import { explain } from '../explain.ts';
import type { State } from '../state.ts';
import type { Context } from './context.ts';

export function check(context: Context, ply: number): void {
  const { config, game, check } = context.state();
  const { chain } = context;
  if (config === null || game === null || chain === null || check?.running === true) return;
  const show = (change: Partial<NonNullable<State['check']>>) => {
    const current = context.state().check;
    if (current !== null && context.state().game?.id === game.id) context.update({ check: { ...current, ...change } });
  };
  context.update({ check: { ply, findings: [], problem: null, running: true } });
  document.getElementById('title-check')?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  void (async () => {
    try {
      const { checkProof } = await import('../verify.ts');
      await checkProof(config, chain, game, ply, (findings) => show({ findings }));
    } catch (error) {
      show({ problem: explain(error) });
    } finally {
      show({ running: false });
    }
  })();
}

export function downloadPgn(context: Context): void {
  const { game } = context.state();
  if (game === null) return;
  fetchPgn(game.id).then(
    (pgn) => save(`proofmate-${game.id}.pgn`, 'application/x-chess-pgn', pgn),
    (error) => context.update({ problem: explain(error) }),
  );
}

/** The relay's signed word that it received a ballot: evidence if the ballot never gets to the chain. */
export function saveReceipt(context: Context): void {
  const { kept } = context.state();
  if (kept === null) return;
  save(`proofmate-${kept.game}-${kept.ballot.ply}.json`, 'application/json', JSON.stringify(kept, null, 2));
}

function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
