// The checks of a vault's decision that the page makes, by name; `words` says each.

export const DECISION_CHECKS = ['transaction', 'code', 'best', 'accepted', 'proofTurned', 'wordChanged'] as const;
