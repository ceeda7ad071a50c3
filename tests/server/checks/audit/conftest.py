from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.checks.audit.record import Record
from tests.server.checks.audit.support import record_of
from tests.server.scripted import ScriptedGame, chain


@pytest.fixture(scope="package")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    """A game that was played to its end and paid out; no test changes it or its chain."""
    folder = tmp_path_factory.mktemp("played")
    with chain(folder) as url:
        game = ScriptedGame(url, folder)
        game.play()
        yield game


@pytest.fixture(scope="package")
def record(played: ScriptedGame) -> Record:
    return record_of(played)


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    """A chain with a contract, for games of the test's own."""
    folder = tmp_path_factory.mktemp("game")
    with chain(folder) as url:
        yield ScriptedGame(url, folder)
