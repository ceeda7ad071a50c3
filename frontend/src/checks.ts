// The checks of a proof that the page makes, by name.

/** What is checked, in this order; `words` says each. */
export const CHECKS = ['transaction', 'code', 'best', 'accepted', 'proofTurned', 'wordChanged'] as const;

/** The result of one check. */
export interface Finding {
  passed: boolean;
  detail: string;
}
