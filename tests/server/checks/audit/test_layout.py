"""What the audit reads from the contract's storage is what the contract says."""

from __future__ import annotations

from typing import Any

import pytest

from server.checks.audit import layout as layouts
from server.checks.audit.layout import Layout
from server.settings import SettingsError
from tests.server.scripted import ScriptedGame


def words(game: ScriptedGame, slots: range) -> dict[int, int]:
    return {slot: int.from_bytes(game.w3.eth.get_storage_at(game.game.address, slot), "big") for slot in slots}


def read(game: ScriptedGame, name: str, *keys: Any) -> Any:
    layout = Layout.of_game()
    return layout.read(name, *keys, words=words(game, layout.slots(name, *keys)))


def test_storage_is_what_the_views_say(played: ScriptedGame) -> None:
    call, number, person = played.game.functions, played.number, played.people[1].address
    assert read(played, "games") == call.games().call() == 1
    assert list(read(played, "_terms", number).values()) == list(call.terms(number).call())
    record, summary = read(played, "_records", number), call.summary(number).call()
    assert (record["position"]["board"], record["position"]["state"]) == tuple(summary[3])
    assert (record["state"], record["seats"], record["worldPool"]) == (5, 3, 3 * 10**18 + 3)
    assert record["creator"] == played.owner.address == summary[-1]
    stake = read(played, "_stakes", number, person)
    assert (stake["amount"], stake["seat"], stake["settled"]) == (10**18 + 1, 1, True)
    assert list(read(played, "_models", 0).values())[:2] == [played.deployment.verifier, True]
    assert played.w3.eth.get_code(read(played, "_books", 0)["pointer"])[:1] == b"\0"
    assert read(played, "_late", number) == {"extensions": 0, "staked": [0, 0]}
    assert read(played, "_voters", number, 2)["voteKey"] == played.people[2].address


def test_what_is_not_there() -> None:
    layout = Layout.of_game()
    with pytest.raises(KeyError):
        layout.slots("_nothing")
    with pytest.raises(KeyError):
        layout.slots("games", 1)
    with pytest.raises(KeyError):
        layout.read("games", words={})


def test_contracts_built_without_a_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "artifact", lambda name: {})
    with pytest.raises(SettingsError, match="run `make setup`"):
        Layout.of_game()
