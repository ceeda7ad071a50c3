from __future__ import annotations

from pathlib import Path

from server.chain import deploy
from server.chain.sender import Sender
from tests.server.scripted import ScriptedGame, account


def test_a_finished_demo_is_followed_by_another(other_chain: str, tmp_path: Path) -> None:
    game = ScriptedGame(other_chain, tmp_path, maxPly=1)
    house = Sender(game.w3, account(game.w3, "house").key.to_0x_hex(), "HOUSE_KEY")
    assert deploy.continue_demo(game.game, game.owner, house, game.deployment) is None
    assert game.game.functions.stakeOf(0, house.address).call().amount == deploy.HOUSE_STAKE
    game.play()
    assert deploy.continue_demo(game.game, game.owner, house, game.deployment) == 1
    assert deploy.continue_demo(game.game, game.owner, house, game.deployment) is None
    assert game.game.functions.stakeOf(1, house.address).call().amount == deploy.HOUSE_STAKE
    assert game.game.functions.terms(1).call().worldIsWhite is False, "the World takes the other colour"
