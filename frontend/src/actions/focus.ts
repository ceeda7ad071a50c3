// Where the keyboard is, and what is in sight.

/** Moves the keyboard's focus once the page is drawn. */
export function focusSoon(selector: string): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true }));
}

/** Keeps the move looked at in sight, without moving the page. */
export function scrollMoves(): void {
  requestAnimationFrame(() => {
    const list = document.getElementById('move-list');
    const current = list?.querySelector<HTMLElement>('[aria-current=true]');
    if (list && current) list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 2;
  });
}

/** Brings the board into sight: on a phone, who staked stands below it when the vote opens. */
export function showBoard(): void {
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  requestAnimationFrame(() => document.getElementById('board')?.scrollIntoView({ block: 'nearest', behavior }));
}

/** The element with the keyboard's focus, and the card it stands in. */
export interface Focused {
  readonly element: HTMLElement;
  readonly home: HTMLElement | null;
}

/** What has the focus before the page is drawn. */
export function heldFocus(): Focused | null {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || element === document.body) return null;
  return { element, home: element.closest<HTMLElement>('section, dialog, header, .board-side') };
}

const usable = (element: HTMLElement): boolean =>
  element.isConnected && !element.matches(':disabled') && element.checkVisibility();

/** Who had the focus before it went to a stand-in, because it could not be used for a while. */
let waiting: { element: HTMLElement; standIn: HTMLElement } | null = null;

/**
 * After the page is drawn: if what had the focus is gone or disabled, the heading of its card takes over, else the
 * board, so that the keyboard never starts again from the top of the page. What is only disabled gets the focus back.
 */
export function keepFocus(held: Focused | null): void {
  if (waiting !== null && document.activeElement === waiting.standIn && usable(waiting.element)) {
    const { element } = waiting;
    waiting = null;
    element.focus({ preventScroll: true });
    return;
  }
  if (held === null || usable(held.element)) return;
  const standIn = held.home?.isConnected
    ? held.home.querySelector<HTMLElement>('h2')
    : document.getElementById('board');
  const target = standIn?.checkVisibility() ? standIn : document.getElementById('board');
  if (target === null) return;
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  if (held.element.isConnected) waiting = { element: held.element, standIn: target };
}
