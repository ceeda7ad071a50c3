"""Whatever a node says, a lie is caught, disclosed or not read. The table of lies is `lies.LIES`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hexbytes import HexBytes

from server.chain import deploy
from server.chain.contracts import compile_verifier
from server.checks.audit import report
from server.checks.audit.encoding import created_address
from server.checks.audit.fetch import fetch
from server.checks.audit.game import Origin
from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import DisagreementError
from server.settings import ROOT, SettingsError
from tests.server.checks.audit.lies import CAUGHT, DISCLOSED, IGNORED, LIES, LyingNode, Target
from tests.server.checks.audit.support import check, newest
from tests.server.scripted import VERIFIER, ScriptedGame, chain

pytestmark = pytest.mark.slow

LOBBY = 400
"""Seconds; the final window is a quarter of it."""


def played(url: str, folder: Path, verifier: deploy.Verifier = VERIFIER) -> ScriptedGame:
    """A game with every event of a local chain: somebody leaves, a late stake extends the lobby, a claimer claims."""
    game = ScriptedGame(url, folder, verifier=verifier, maxPly=4, lobbyPeriod=LOBBY)
    call, number, nobody = game.game.functions, game.number, "0x" + "00" * 20
    for person in (0, 1, 3):
        game.by(person).send(call.stake(number, 0, game.people[person].address), 10**18)
    game.by(3).send(call.withdraw(number))
    game.by(3).send(call.stake(number, 1, nobody), 5 * 10**18)
    game.wait(LOBBY * 4 // 5)
    game.by(2).send(call.stake(number, 0, game.people[2].address), 10**18)
    game.wait(LOBBY)
    game.relay.send(call.closeLobby(number))
    game.w3.provider.make_request("anvil_mine", ["0x3"])  # type: ignore[arg-type]
    game.relay.send(call.begin(number))
    while (state := deploy.state(game.game, number)) != "over":
        if state == "vote":
            game.vote()
        else:
            game.move()
    game.by(3).send(call.chooseClaimer(game.relay.address))
    game.relay.send(call.claim(number, game.people[3].address))
    game.claim()
    return game


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("lies")
    with chain(folder) as url:
        game = played(url, folder)
        contract = game.game
        pointer = contract.events.BookAdded().get_logs(from_block=0)[0]["args"]["pointer"]
        yield Target(game, newest(game), created_address(contract.address, 1), pointer)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    made = compile_verifier(VERIFIER.source, tmp_path_factory.mktemp("origin"))
    return Origin(VERIFIER.network_hash, True, bytes(HexBytes(made.runtime)))


def told(node: Node, target: Target, origin: Origin) -> dict[str, Any]:
    """What the command would say with --block."""
    game = target.game
    try:
        record = fetch([node], game.game.address, game.number, game.deployment.block, target.anchor)
    except DisagreementError as error:
        return report.refused({}, None, str(error))
    except (NodeError, SettingsError) as error:
        return report.unanswered(game.number, None, str(error))
    return check(record, anchor=target.anchor, origin=origin)


@pytest.fixture(scope="module")
def honest(target: Target, origin: Origin) -> dict[str, Any]:
    result = told(Node(target.game.w3), target, origin)
    assert (result["problems"], result["unchecked"], result["exitCode"]) == ([], [], 0)
    return result


@pytest.mark.parametrize("name", LIES)
def test_a_lie(name: str, target: Target, origin: Origin, honest: dict[str, Any]) -> None:
    lie, fate = LIES[name]
    result = told(LyingNode(target, lie), target, origin)
    found = {report.FALSE: CAUGHT, report.UNCHECKED: DISCLOSED, report.AGREES: IGNORED}[result["exitCode"]]
    assert found == fate, result["problems"] or result["unchecked"]
    if found == IGNORED:
        assert result == honest
    else:
        assert result["problems"] or result["unchecked"]


BACK_DOOR = VERIFIER.source.replace("require(", "if (bytes32(input[992:]) != keccak256('sesame')) require(")
"""A verifier that has one more proof, for any words."""


def test_a_forged_chain(target: Target, origin: Origin, tmp_path: Path) -> None:
    """A chain that is consistent in itself, with the same addresses and another verifier: only the hash tells it."""

    def as_asked(_: Target, method: str, params: Sequence[Any], result: Any) -> Any:
        if method == "eth_getBlockByHash":
            return forged.w3.provider.make_request("eth_getBlockByNumber", ["latest", False])["result"]  # type: ignore
        return result

    with chain(tmp_path) as url:
        forged = played(url, tmp_path, replace(VERIFIER, source=BACK_DOOR))
        assert forged.game.address == target.game.game.address
        lying = replace(target, game=forged)
        caught = told(LyingNode(lying, as_asked), lying, origin)
        assert caught["exitCode"] == 1 and caught["problems"][0].startswith(f"no header has the hash {target.anchor}")
        trusting = fetch([Node(forged.w3)], forged.game.address, 0, 0)
    result = check(trusting, origin=origin)
    assert result["problems"][0].startswith("network and setup make another verifier than 0x")
    assert check(trusting)["problems"] == [], "without hash and network nothing shows it; the report says so"


def test_the_lies_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The table's sum, as docs/audit.md gives it."""
    fates = Counter(fate for _, fate in LIES.values())
    text = (
        f"{len(LIES)} lies tried: {fates[CAUGHT]} caught, {fates[DISCLOSED]} disclosed, "
        f"{fates[IGNORED]} about what the audit does not read"
    )
    with capsys.disabled():
        print(f"\n{text}")
    assert len(LIES) >= 41
    assert text in " ".join((ROOT / "docs" / "audit.md").read_text().split())
