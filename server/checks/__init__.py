"""Commands that check a game, or a vault, from outside: audit and simulate."""
