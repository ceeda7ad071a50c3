from __future__ import annotations

from pathlib import Path

from server.chain import deploy
from tests.server.scripted import ScriptedGame


def test_the_first_game_is_opened_once(other_chain: str, tmp_path: Path) -> None:
    game = ScriptedGame(other_chain, tmp_path, maxPly=1)
    assert deploy.first_game(game.game, game.owner, game.deployment) is None
    assert int(game.game.functions.games().call()) == 1
