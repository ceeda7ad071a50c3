"""From the registry to the end of the lobby: the steps of model, book, creation and stakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hexbytes import HexBytes
from web3 import Web3

from server.checks.audit.events import Event
from server.checks.audit.game import SIDES, Seat, State, World, call_of, same
from server.checks.audit.tied import expect
from server.model.payout import Stake
from server.settings import LOCAL_CHAINS

DELEGATES = b"\xef\x01"
"""How the code of an account begins that delegates to another (EIP-7702)."""
NOTICE = 24 * 3600
"""How long stakers can look at a model or a book before games use it, off local chains."""
MAX_WINDOW = 3600
"""A lobby's final window is a quarter of its period, at most this."""
LARGE = 10
"""More than this part of a pool is a large stake."""
MAX_EXTENSIONS = 4
NOBODY = "0x" + "00" * 20
WORDS_BYTES = 31 * 32
"""The public words before a proof."""
OPENING = 64
"""Bytes of an opening: board and state."""


def model_added(state: State, event: Event, world: World) -> State:
    args = event.args
    verifier, network_hash = args["verifier"], HexBytes(args["networkHash"]).to_0x_hex()
    code = world.code.get(verifier, b"")
    expect(len(code) > 0, f"there is no code at the verifier {verifier}")
    expect(not code.startswith(DELEGATES), f"the verifier {verifier} delegates to another account (EIP-7702)")
    expect(Web3.keccak(code) == args["codeHash"], f"the code of verifier {verifier} is not the registered one")
    if world.origin is not None:
        expect(world.origin.network_hash == network_hash, f"the registered network is {network_hash}")
        expect(world.origin.code == code, f"network and setup make another verifier than {verifier}")
        expect(args["insecure"] or not world.origin.insecure, "the setup is insecure, and is not registered so")
    state, call = call_of(state, event, f"the registration of model {args['model']}", traced=False)
    if call is not None:
        agrees = same(call, event, "verifier", "insecure", "networkHash")
        length = len(call.arguments["sample"]) - WORDS_BYTES
        expect(length == args["proofBytes"], f"proofs of model {args['model']} are {args['proofBytes']} bytes long")
        sample = bytes(call.arguments["sample"])
        words = [int.from_bytes(sample[start : start + 32], "big") for start in range(0, WORDS_BYTES, 32)]
        expect(world.judge(words, sample[WORDS_BYTES:]), f"the sample proof of model {args['model']} is not valid")
        expect(agrees, f"model {args['model']} is not what its registration asked for")
    state = replace(
        state,
        verifier=verifier,
        insecure=args["insecure"],
        code_hash=HexBytes(args["codeHash"]).to_0x_hex(),
        network_hash=network_hash,
        proof_bytes=args["proofBytes"],
        usable_from=(_usable(event, world), state.usable_from[1]),
    )
    if world.origin is None:
        return state.without("the verifier's origin (--network checks it)")
    return replace(state, setup="insecure" if world.origin.insecure else "ceremony")


def book_added(state: State, event: Event, world: World) -> State:
    args = event.args
    openings = world.code.get(args["pointer"], b"")[1:]
    expect(len(openings) == OPENING * args["openings"], "the book's code is not as long as its openings")
    state, call = call_of(state, event, f"the registration of book {args['book']}", traced=False)
    if call is not None:
        agrees = bytes(call.arguments["words"]) == openings
        expect(agrees, f"book {args['book']} does not hold the openings that its registration gave")
    usable = (state.usable_from[0], _usable(event, world))
    return replace(state, openings=openings, book=args["pointer"], usable_from=usable)


def _usable(event: Event, world: World) -> int:
    """When games may use what an event registers."""
    due = event.time + (0 if world.chain_id in LOCAL_CHAINS else NOTICE)
    usable = int(event.args["usableFrom"])
    expect(usable == due, f"{event.name} says that games may use it from {usable}, not from {due}")
    return usable


def game_created(state: State, event: Event, world: World) -> State:
    args = event.args
    terms: dict[str, Any] = dict(args["terms"])
    expect(state.phase == "none", "the game was created twice")
    expect(state.verifier != "" and state.book != "", "the game has a model or a book that was not registered before")
    expect(max(state.usable_from) <= event.time, "the game's model or book was too new to be used")
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
    most = state.terms["maxStake"]
    expect(not most or stakes[account].amount <= most, f"{account} staked more than {most} wei")
    state = replace(state, stakes=stakes, seats=tuple(seats), received=state.received + amount).counting("stakes")
    return _stake_late(state, event, side, amount)


def _stake_late(state: State, event: Event, side: str, amount: int) -> State:
    """What a stake in the final window does: more than a tenth of the side's pool extends the lobby, four times."""
    window = _window(state)
    if not state.deadline or event.time + window < state.deadline:
        return state
    staked = state.late.get(side, 0) + amount
    if staked <= state.pool(side) // LARGE:
        return replace(state, late={**state.late, side: staked})
    expect(state.extensions < MAX_EXTENSIONS, "a large late stake was taken after the lobby's last extension")
    return replace(state, extension=event.time + 2 * window)


def _window(state: State) -> int:
    """How long the lobby's final window is, in which nobody withdraws."""
    return min(int(state.terms["lobbyPeriod"]) // 4, MAX_WINDOW)


def lobby_extended(state: State, event: Event, world: World) -> State:
    deadline = event.args["deadline"]
    expect(state.extension != 0, "the lobby was extended without a large late stake")
    expect(deadline == state.extension, f"the lobby was extended to {deadline}, not to {state.extension}")
    return replace(state, deadline=deadline, extension=0, extensions=state.extensions + 1, late={})


def withdrawn(state: State, event: Event, world: World) -> State:
    args = event.args
    account, side = args["account"], SIDES[args["side"]]
    expect(state.phase == "lobby", f"{account} withdrew after the lobby")
    in_time = not state.deadline or event.time < state.deadline - _window(state)
    expect(in_time, f"{account} withdrew in the lobby's final window")
    held = state.stakes.get(account)
    expect(held == Stake(side, args["amount"]), f"{account} withdrew another stake than its own")
    state, call = call_of(state, event, f"who withdrew the stake of {account}", traced=False)
    if call is not None:
        expect(call.sender == account, f"{account} did not withdraw its stake itself")
    seats = list(state.seats)
    if side == "world":
        number = args["seat"]
        expect(number == state.seat_of(account), f"{account} has not the seat {number}")
        seats[number] = Seat(NOBODY, NOBODY, 0)
    stakes = {name: stake for name, stake in state.stakes.items() if name != account}
    gone = state.withdrawn | {account}
    state = replace(state, stakes=stakes, seats=tuple(seats), paid=state.paid + args["amount"], withdrawn=gone)
    return state.counting("withdrawals")
