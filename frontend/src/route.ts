// The page's addresses. The server answers each with the page (server/api/page.py) and every other one with status 404.

export type Route =
  | { page: 'front' }
  | { page: 'game'; game: number }
  | { page: 'mine' }
  | { page: 'glossary' }
  | { page: 'vault' }
  | { page: 'missing' };

/** The route of an address; links of old, `/?game=3`, still lead to their game. */
export function routeOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Route {
  const asked = new URLSearchParams(search).get('game') ?? '';
  const number =
    /^\/game\/(0|[1-9]\d{0,9})$/.exec(pathname)?.[1] ??
    (pathname === '/' && /^\d{1,10}$/.test(asked) ? asked : undefined);
  if (number !== undefined) return { page: 'game', game: Number(number) };
  switch (pathname) {
    case '/':
      return { page: 'front' };
    case '/games':
      return { page: 'mine' };
    case '/glossary':
      return { page: 'glossary' };
    case '/vault':
      return { page: 'vault' };
    default:
      return { page: 'missing' };
  }
}

/** The address of a route. */
export function pathOf(route: Exclude<Route, { page: 'missing' }>): string {
  switch (route.page) {
    case 'front':
      return '/';
    case 'game':
      return `/game/${route.game}`;
    case 'mine':
      return '/games';
    case 'glossary':
      return '/glossary';
    case 'vault':
      return '/vault';
  }
}
