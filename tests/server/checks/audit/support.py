"""A scripted game's audit, with its verifier's rule in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from eth_hash.auto import keccak

from server.checks.audit import command, fetch, report
from server.checks.audit.events import Event
from server.checks.audit.evidence import Facts
from server.checks.audit.game import Origin, State, World
from server.checks.audit.node import Node
from server.checks.audit.record import Record
from server.checks.audit.replay import apply
from tests.server.scripted import ScriptedGame

ORIGIN = "the verifier's origin (--network checks it)"


def accepts(words: Sequence[int], proof: bytes) -> bool:
    """As the scripted game's verifier: the proof is the hash of the words."""
    return keccak(b"".join(word.to_bytes(32, "big") for word in words)) == proof


def record_of(game: ScriptedGame, anchor: str | None = None) -> Record:
    return fetch.fetch([Node(game.w3)], game.game.address, game.number, game.deployment.block, anchor)


def check(record: Record, anchor: str | None = None, origin: Origin | None = None, **options: Any) -> dict[str, Any]:
    return command.check(record, anchor=anchor, judge=(accepts, origin), **options)


def audited(game: ScriptedGame) -> dict[str, Any]:
    return check(record_of(game))


def newest(game: ScriptedGame) -> str:
    """The hash of the newest block: what a user brings from elsewhere."""
    return str(game.w3.eth.get_block("latest")["hash"].to_0x_hex())


Change = Callable[[Record], None]


def world_of(facts: Facts) -> World:
    """The world of a scripted game."""
    return World(facts.chain_id, facts.contract, facts.game, accepts, facts.code, facts.hashes)


def problems(facts: Facts, events: tuple[Event, ...]) -> list[str]:
    """What the replay and the final state find wrong with other events than the facts'."""
    found: list[str] = report.audited(replace(facts, events=events), world_of(facts), None)["problems"]
    return found


def before(facts: Facts, name: str, wanted: Callable[[Event], bool] = lambda event: True) -> tuple[State, Event, World]:
    """The state before the first event of a name (that is `wanted`), the event, and the world."""
    world, state = world_of(facts), State()
    for event in facts.events:
        if event.name == name and wanted(event):
            return state, event, world
        state = apply(state, event, world)
    raise AssertionError(f"no {name}")
