"""The draw of the opening: the steps of the beacon's round, the block and the first position."""

from __future__ import annotations

from dataclasses import replace

from web3 import Web3

from server.chain import beacon
from server.checks.audit.events import Event
from server.checks.audit.game import State, World
from server.checks.audit.lobby import OPENING
from server.checks.audit.moves import enter
from server.checks.audit.tied import expect
from server.model.position import Position
from server.settings import LOCAL_CHAINS

ROUND_DELAY = 60
"""The beacon's round is due this many seconds after the lobby closed, or up to a period more."""
PATIENCE = 24 * 3600
"""So many seconds after it was due, a block may draw instead."""
DRAW_DELAY = 2
"""The block whose hash draws the opening is this many after the one that fixes it."""
HASH_LIFE = 256
"""A block's hash is known to contracts for this many blocks, or for 8,191 where EIP-2935 keeps them."""


def round_fixed(state: State, event: Event, world: World) -> State:
    number, deadline = event.args["round"], event.args["deadline"]
    expect(world.chain_id not in LOCAL_CHAINS, "the beacon draws on a local chain")
    _close_lobby(state, event)
    due, time = beacon.round_at(event.time + ROUND_DELAY)
    expect(number == due, f"the draw's round is {number}, not {due}")
    expect(deadline == time + PATIENCE, f"the beacon has time until {deadline}, not until {time + PATIENCE}")
    return replace(state, phase="drawn", deadline=deadline, draw_round=number)


def round_signed(state: State, event: Event, world: World) -> State:
    number, signature = event.args["round"], bytes(event.args["signature"])
    expect(state.phase == "drawn" and number == state.draw_round, f"round {number} drew, not {state.draw_round}")
    expect(beacon.verify(number, signature), f"the beacon did not sign round {number} so")
    return replace(state, draw=bytes(Web3.keccak(signature)))


def _close_lobby(state: State, event: Event) -> None:
    expect(state.phase == "lobby", "the draw was fixed outside the lobby")
    expect(any(seat.weight for seat in state.seats), "a game without a World stake was drawn")
    expect(event.time >= state.deadline, "the lobby closed before its time")


def draw_fixed(state: State, event: Event, world: World) -> State:
    block = event.args["drawBlock"]
    expect(state.draw == b"", "a block was to draw what the beacon had drawn")
    if state.phase == "drawn":
        early = state.draw_round != 0 and event.time < state.deadline
        expect(not early, "a block was to draw before the beacon's time was over")
    else:
        expect(world.chain_id in LOCAL_CHAINS, "a block was to draw what the beacon should")
        _close_lobby(state, event)
    if world.numbers_are_its_own:
        expect(block == event.block + DRAW_DELAY, f"the draw's block is {block}, not {event.block + DRAW_DELAY}")
        late = event.block > state.draw_block + HASH_LIFE or state.draw_block == 0
        expect(late, "the opening was drawn again before its hash expired")
    return replace(state, phase="drawn", deadline=0, draw_block=block, draw_round=0)


def began(state: State, event: Event, world: World) -> State:
    args = event.args
    expect(state.phase == "drawn", "the game began without a draw")
    expect(state.draw_round == 0 or state.draw != b"", "the game began without the beacon's round")
    index = args["opening"]
    if world.numbers_are_its_own or state.draw:
        draw = state.draw or world.hashes.get(state.draw_block)
        expect(draw is not None, f"the header of block {state.draw_block}, which drew the opening, is missing")
        assert draw is not None
        number = int.from_bytes(Web3.keccak(draw + world.game.to_bytes(32, "big")), "big")
        due = number % (len(state.openings) // OPENING)
        expect(index == due, f"the draw gives opening {due}, not {index}")
    else:
        state = state.without("the draw of the opening: this chain's block hashes are not those of its blocks")
    words = state.openings[OPENING * index : OPENING * (index + 1)]
    position = Position(args["board"], args["state"])
    expect(len(words) == OPENING, f"the book has no opening {index}")
    expect(
        position == (int.from_bytes(words[:32], "big"), int.from_bytes(words[32:], "big")),
        f"the opening that was set up is not the book's opening {index}",
    )
    board = position.unpack()
    expect(board.is_valid(), f"the opening {board.fen()} is not a position of chess")
    return enter(state, event, position, board)
