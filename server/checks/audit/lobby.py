"""From the registry to the opening: the steps of model, book, creation, stakes and draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hexbytes import HexBytes
from web3 import Web3

from server.checks.audit.events import Event
from server.checks.audit.evidence import expect
from server.checks.audit.game import SIDES, Seat, State, World, call_of, same
from server.checks.audit.moves import enter
from server.model.payout import Stake
from server.model.position import Position

DELEGATES = b"\xef\x01"
"""How the code of an account begins that delegates to another (EIP-7702)."""
DRAW_DELAY = 2
"""The block whose hash draws the opening is this many after the one that fixes it."""
HASH_LIFE = 256
"""A block's hash is known to contracts this many blocks long."""
OPENING = 64
"""Bytes of an opening: board and state."""


def model_added(state: State, event: Event, world: World) -> State:
    args = event.args
    verifier, network_hash = args["verifier"], HexBytes(args["networkHash"]).to_0x_hex()
    code = world.code.get(verifier, b"")
    expect(len(code) > 0, f"there is no code at the verifier {verifier}")
    expect(not code.startswith(DELEGATES), f"the verifier {verifier} delegates to another account (EIP-7702)")
    expect(Web3.keccak(code) == args["codeHash"], f"the code of verifier {verifier} is not the registered one")
    state, call = call_of(state, event, f"the registration of model {args['model']}", traced=False)
    if call is not None:
        agrees = same(call, event, "verifier", "insecure", "networkHash")
        expect(agrees, f"model {args['model']} is not what its registration asked for")
    state = replace(
        state,
        verifier=verifier,
        insecure=args["insecure"],
        code_hash=HexBytes(args["codeHash"]).to_0x_hex(),
        network_hash=network_hash,
    )
    if world.origin is None:
        return state.without("the verifier's origin (--network checks it)")
    expect(world.origin.network_hash == network_hash, f"the registered network is {network_hash}")
    expect(world.origin.code == code, f"network and setup make another verifier than {verifier}")
    expect(args["insecure"] or not world.origin.insecure, "the setup is insecure, and is not registered so")
    return replace(state, setup="insecure" if world.origin.insecure else "ceremony")


def book_added(state: State, event: Event, world: World) -> State:
    args = event.args
    openings = world.code.get(args["pointer"], b"")[1:]
    expect(len(openings) == OPENING * args["openings"], "the book's code is not as long as its openings")
    state, call = call_of(state, event, f"the registration of book {args['book']}", traced=False)
    if call is not None:
        agrees = bytes(call.arguments["words"]) == openings
        expect(agrees, f"book {args['book']} does not hold the openings that its registration gave")
    return replace(state, openings=openings, book=args["pointer"])


def game_created(state: State, event: Event, world: World) -> State:
    args = event.args
    terms: dict[str, Any] = dict(args["terms"])
    expect(state.phase == "none", "the game was created twice")
    expect(state.verifier != "" and state.book != "", "the game has a model or a book that was not registered before")
    state, call = call_of(state, event, "the game's terms, fund and pot", traced=False)
    if call is not None:
        asked = [dict(value) for value in call.arguments.values() if isinstance(value, Mapping)]
        expect(asked == [terms], "the game's terms are not those of its creation")
        expect(same(call, event, "pot"), "the game's pot is not that of its creation")
        expect(call.sender == args["creator"], f"the game was created by {call.sender}, not by {args['creator']}")
        expect(call.value == args["fund"] + args["pot"], "fund and pot are not what its creation paid")
    return replace(
        state,
        phase="lobby",
        terms=terms,
        creator=args["creator"],
        fund=args["fund"],
        pot=args["pot"],
        received=args["fund"] + args["pot"],
        deadline=event.time + terms["lobbyPeriod"] if terms["lobbyPeriod"] else 0,
    )


def staked(state: State, event: Event, world: World) -> State:
    args = event.args
    account, amount, side, key = args["account"], args["amount"], SIDES[args["side"]], args["voteKey"]
    expect(state.phase == "lobby", f"{account} staked after the lobby")
    expect(not state.deadline or event.time < state.deadline, f"{account} staked after the lobby's deadline")
    expect(amount >= state.terms["minStake"], f"{account} staked less than the least stake")
    state, call = call_of(state, event, f"the {amount} wei that {account} staked", traced=False)
    if call is not None:
        expect((call.sender, call.value) == (account, amount), f"{account} did not send the {amount} wei it staked")
        expect(same(call, event, "game", "side", "voteKey"), f"{account} did not ask for the stake it has")
    before = state.stakes.get(account)
    expect(before is None or before.side == side, f"{account} staked on both sides")
    stakes = {**state.stakes, account: Stake(side, amount + (before.amount if before else 0))}
    seats = list(state.seats)
    if side == "world":
        if before is None:
            expect(args["seat"] == len(seats), f"{account} got seat {args['seat']}, not {len(seats)}")
            seats.append(Seat(account, key, 0))
        number = args["seat"]
        seat = seats[number] if number < len(seats) else None
        expect(seat is not None and seat.account == account, f"{account} has not the seat {number}")
        assert seat is not None
        expect(seat.vote_key == key, f"{account} changed its vote key")
        seats[number] = replace(seat, weight=seat.weight + amount)
    else:
        expect(bool(state.terms["leelaPoolOpen"]), f"{account} staked on Leela in a prize game")
    return replace(state, stakes=stakes, seats=tuple(seats), received=state.received + amount).counting("stakes")


def draw_fixed(state: State, event: Event, world: World) -> State:
    block = event.args["drawBlock"]
    expect(state.phase in ("lobby", "drawn"), "the draw was fixed outside the lobby")
    expect(any(seat.weight for seat in state.seats), "a game without a World stake was drawn")
    if state.phase == "lobby":
        expect(event.time >= state.deadline, "the lobby closed before its time")
    if world.numbers_are_its_own:
        expect(block == event.block + DRAW_DELAY, f"the draw's block is {block}, not {event.block + DRAW_DELAY}")
        late = event.block > state.draw_block + HASH_LIFE
        expect(state.phase == "lobby" or late, "the opening was drawn again before its hash expired")
    return replace(state, phase="drawn", deadline=0, draw_block=block)


def began(state: State, event: Event, world: World) -> State:
    args = event.args
    expect(state.phase == "drawn", "the game began without a draw")
    index = args["opening"]
    if world.numbers_are_its_own:
        draw = world.hashes.get(state.draw_block)
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
