// The visitor's taste: board, pieces, sounds.

import { keepTaste, type Taste, wear } from '../taste.ts';
import { w } from '../words/index.ts';
import type { Context } from './context.ts';

export function like(context: Context, change: Partial<Taste>): void {
  const taste = { ...context.state().taste, ...change };
  keepTaste(taste);
  context.update({ taste });
  wear(taste).catch(() => context.update({ problem: w.problems.noAnswer }));
}
