"""The steps of a vote: ballots and the count.

What is signed is written here anew, and apart from the server's own EIP-712 on purpose: a fault that both shared would
never be found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import chess
from eth_account import Account
from eth_account.messages import encode_typed_data
from hexbytes import HexBytes

from engine.encoding import pack_move, unpack_move
from server.checks.audit.events import Event
from server.checks.audit.game import State, World, call_of
from server.checks.audit.tied import FindingError, expect

BALLOT = 70
"""Bytes of a ballot: uint32 seat, uint16 move, bytes32 r, bytes32 vs (EIP-2098)."""
COUNTED = 6
"""Bytes of a counted ballot in the event: uint32 seat, uint16 move."""
MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""The largest s of a signature that counts (EIP-2)."""


def ballots_cast(state: State, event: Event, world: World) -> State:
    board, ply = _voting(state), event.args["ply"]
    expect(ply == state.ply, f"ballots of ply {ply} were counted on ply {state.ply}")
    expect(event.time < state.deadline, f"ply {ply}: ballots counted after the deadline")
    announced = counted(bytes(event.args["ballots"]))
    direct = event.call is not None and event.call.function == "castBallot"
    state, call = call_of(state, event, f"{len(announced)} ballots of ply {ply}", traced=not direct)
    if call is not None and call.function == "castBallot":
        expect(len(announced) == 1, f"ply {ply}: one account cast {len(announced)} ballots by one call")
        number, move = announced[0]
        expect(number < len(state.seats), f"ply {ply}: there is no seat {number}")
        expect(state.seats[number].account == call.sender, f"ply {ply}: a ballot was not cast by its account")
        asked = (call.arguments["game"], call.arguments["ply"], call.arguments["move"])
        expect(asked == (world.game, ply, move), f"ply {ply}: a ballot that the call did not cast")
    elif call is not None:
        asked = (call.function, call.arguments.get("game"), call.arguments.get("ply"))
        expect(asked == ("castBallots", world.game, ply), f"ply {ply}: ballots that the call did not cast")
        valid = _valid(state, world, board, bytes(call.arguments["ballots"]))
        expect(valid == announced, f"ply {ply}: not the valid ballots were counted")
    seats, weights = list(state.seats), Counter(state.weights)
    for number, move in announced:
        expect(number < len(seats), f"ply {ply}: there is no seat {number}")
        seat = seats[number]
        expect(seat.voted != ply, f"ply {ply}: seat {number} was counted twice")
        expect(unpack_move(move) in board.legal_moves, f"ply {ply}: seat {number} voted an illegal move")
        seats[number] = replace(seat, voted=ply)
        weights[move] += seat.weight
    state = replace(state, seats=tuple(seats), weights=dict(weights), last_weights=dict(weights), voted_ply=ply)
    return state if call is None else state.counting("ballots", len(announced))


def vote_closed(state: State, event: Event, world: World) -> State:
    _voting(state)
    args, now = event.args, event.time
    ply = args["ply"]
    expect(ply == state.ply, f"the vote of ply {ply} was closed on ply {state.ply}")
    total, cast_weight = sum(seat.weight for seat in state.seats), sum(state.weights.values())
    ranked = sorted(state.weights.items(), key=lambda item: (-item[1], item[0]))
    leader, weight = ranked[0] if ranked else (0, 0)
    runner_up = ranked[1][1] if len(ranked) > 1 else 0
    rest = total - cast_weight

    def reaches(value: int) -> bool:
        return bool(value * 10_000 >= total * state.terms["quorum"])

    choice = leader if reaches(weight) else 0
    announced = (args["move"], args["leaderWeight"], args["castWeight"])
    expect(announced == (choice, weight, cast_weight), f"ply {ply}: the count is {choice}, {weight}, {cast_weight}")
    if now < state.deadline:
        expect(now >= state.decidable_at, f"ply {ply}: the vote was closed before minPeriod")
        decided = weight > runner_up + rest if choice else not reaches(weight + rest)
        expect(rest == 0 or decided, f"ply {ply}: the vote was closed undecided, before its deadline")
    state = replace(state, closing=choice or None, understudy=not choice)
    if not choice:  # the network moves for the World
        state = replace(state, phase="prove", entered=now, deadline=now + state.terms["provingPeriod"])
    return state.counting("votes")


def counted(packed: bytes) -> list[tuple[int, int]]:
    """The (seat, move) pairs of a BallotsCast event."""
    entries = [packed[start : start + COUNTED] for start in range(0, len(packed), COUNTED)]
    return [(int.from_bytes(entry[:4], "big"), int.from_bytes(entry[4:], "big")) for entry in entries]


def _voting(state: State) -> chess.Board:
    """The board of a vote that is open."""
    if state.phase != "vote" or state.closing is not None:
        raise FindingError("there was no vote to vote in")
    return state.playing


def _valid(state: State, world: World, board: chess.Board, batch: bytes) -> list[tuple[int, int]]:
    """The ballots of a batch that count: seat and move."""
    found: dict[int, int] = {}
    legal = {pack_move(move) for move in board.legal_moves}
    for start in range(0, len(batch) - BALLOT + 1, BALLOT):
        ballot = batch[start : start + BALLOT]
        number, move = int.from_bytes(ballot[:4], "big"), int.from_bytes(ballot[4:6], "big")
        if number >= len(state.seats) or number in found or state.seats[number].voted == state.ply:
            continue
        if move in legal and _signer(state, world, move, ballot[6:]) == state.seats[number].vote_key:
            found[number] = move
    return list(found.items())


def _signer(state: State, world: World, move: int, compact: Sequence[int] | bytes) -> str | None:
    """Who signed a ballot for a move in this position."""
    assert state.position is not None
    vs = int.from_bytes(bytes(compact[32:]), "big")
    parity, s = vs >> 255, vs & (1 << 255) - 1
    if s > MAX_S:
        return None
    domain = {
        "name": "Proofmate",
        "version": "1",
        "chainId": world.chain_id,
        "verifyingContract": world.contract,
    }
    fields = (("game", "uint256"), ("ply", "uint16"), ("move", "uint16"), ("position", "bytes32"))
    types = {"Ballot": [{"name": name, "type": kind} for name, kind in fields]}
    ballot = {"game": world.game, "ply": state.ply, "move": move, "position": HexBytes(state.position.key)}
    message = encode_typed_data(domain, types, ballot)
    try:
        return str(Account.recover_message(message, vrs=(27 + parity, int.from_bytes(bytes(compact[:32]), "big"), s)))
    except Exception:  # eth_keys has many; none of them is a signature
        return None
