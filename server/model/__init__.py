"""The game, a position and a payout as plain values: no chain, no Redis."""
