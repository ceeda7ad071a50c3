// How the visitor likes the board: its colours, its pieces, its sounds. Kept in this browser.

export const BOARDS = ['green', 'wood', 'blue', 'contrast'] as const;
export const SETS = ['cburnett', 'flat', 'letters'] as const;

export interface Taste {
  readonly board: (typeof BOARDS)[number];
  readonly pieces: (typeof SETS)[number];
  readonly muted: boolean;
}

const KEY = 'proofmate:taste';
export const PLAIN: Taste = { board: 'green', pieces: 'cburnett', muted: false };

const oneOf = <T extends string>(values: readonly T[], value: unknown, plain: T): T =>
  values.find((known) => known === value) ?? plain;

/** What was kept; whatever does not fit is as it was at first. */
export function keptTaste(): Taste {
  let kept: Record<string, unknown> = {};
  try {
    const read: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    if (typeof read === 'object' && read !== null) kept = read as Record<string, unknown>;
  } catch {
    // not JSON: as if nothing was kept
  }
  return {
    board: oneOf(BOARDS, kept.board, PLAIN.board),
    pieces: oneOf(SETS, kept.pieces, PLAIN.pieces),
    muted: kept.muted === true,
  };
}

export function keepTaste(taste: Taste): void {
  localStorage.setItem(KEY, JSON.stringify(taste));
}

/** Puts a taste on the page. A set of pieces is fetched when it is first wanted. */
export async function wear({ board, pieces }: Taste): Promise<void> {
  document.documentElement.dataset.board = board;
  if (pieces !== 'cburnett') (await import('./pieces.ts')).install();
  document.documentElement.dataset.pieces = pieces;
}
