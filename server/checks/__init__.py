"""Commands that check a game from outside: audit and simulate."""
