// Going from one address of the page to another: links, Back and Forward, without loading the page again.

import { routeOf } from '../route.ts';
import { refreshMine } from './account.ts';
import type { Context } from './context.ts';
import { connectChain, followGame, leaveGame, refreshGames } from './session.ts';

/** Goes to an address of the page. */
export function go(context: Context, path: string): void {
  if (path !== location.pathname + location.search) history.pushState(null, '', path);
  void arrive(context);
  window.scrollTo(0, 0);
  document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
}

/** Shows what the present address names. `first`: the page was just loaded; resolves when there is something to draw. */
export async function arrive(context: Context, first = false): Promise<void> {
  const route = routeOf(location);
  const before = context.state();
  context.update({ route, problem: null });
  if (route.page === 'game') {
    if (location.search !== '') history.replaceState(null, '', `/game/${route.game}`);
    if (before.route.page !== 'game' || before.route.game !== route.game || before.game === null)
      await followGame(context, route.game, first);
    context.vault?.leave();
    return;
  }
  leaveGame(context);
  if (route.page === 'vault') void showVault(context);
  else context.vault?.leave();
  if (route.page === 'mine') {
    void connectChain(context);
    void refreshMine(context);
  }
  if (route.page === 'front' || first) await refreshGames(context);
}

/** Fetches the vault's page at its first visit, and begins to look at the vault. */
async function showVault(context: Context): Promise<void> {
  if (context.vault === null) {
    const { VaultPage } = await import('../views/vault.ts');
    context.vault ??= new VaultPage(context);
    context.update({ vault: context.vault });
  }
  if (context.state().route.page === 'vault') context.vault.enter();
}

/** Follows the browser's own moves, and turns clicks on the page's own links into moves. */
export function listen(context: Context): void {
  window.addEventListener('popstate', () => void arrive(context));
  document.addEventListener('click', (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    const link = (event.target as Element).closest?.('a[href]');
    if (!plain || event.defaultPrevented || !(link instanceof HTMLAnchorElement)) return;
    if (link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.hash !== '' || routeOf(link).page === 'missing') return; // a place on this page, or the server's own
    event.preventDefault();
    go(context, link.pathname + link.search);
  });
}
