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
