"""The contract's final state, against the state that the replay ends in.

Logs that a node drops leave no trace among the logs that remain, but they do in the state: every field of the game's
record, its stakes, seats and credits are compared, by the compiler's own account of where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from server.checks.audit.end import owed
from server.checks.audit.events import Event
from server.checks.audit.evidence import Facts
from server.checks.audit.game import PHASES, SIDES, State
from server.checks.audit.layout import Key, Layout
from server.checks.audit.lobby import NOBODY
from server.checks.audit.tied import expect
from server.checks.audit.vote import counted
from server.model.game import OUTCOMES, REASONS

Reference = tuple[str, *tuple[Key, ...]]
"""A variable of the contract, and the keys of a value in it."""


def references(game: int, found: Sequence[Event]) -> list[Reference]:
    """What of the contract's storage these events of a game bear upon."""
    wanted: dict[Reference, None] = {("games",): None} | {
        (name, game): None for name in ("_terms", "_records", "_late")
    }
    ply = max((event.args["ply"] for event in found if event.name == "BallotsCast"), default=None)
    for event in found:
        args = event.args
        match event.name:
            case "ModelAdded":
                wanted["_models", args["model"]] = None
            case "BookAdded":
                wanted["_books", args["book"]] = None
            case "GameCreated":
                wanted["_credits", game, args["creator"]] = None
            case "Staked":
                wanted["_stakes", game, args["account"]] = None
                wanted["_credits", game, args["account"]] = None
                if args["side"] == 0:
                    wanted["_voters", game, args["seat"]] = None
                    wanted["_seatAccounts", game, args["seat"]] = None
            case "Withdrawn":
                wanted["_stakes", game, args["account"]] = None
            case "BallotsCast" if args["ply"] == ply:
                for move in {entry[1] for entry in counted(bytes(args["ballots"]))}:
                    wanted["_weights", game, ply, move] = None
            case "Claimed":
                wanted["claimerOf", args["account"]] = None
            case "Moved" if args["payee"] != NOBODY:
                wanted["_credits", game, args["payee"]] = None
    return list(wanted)


def expected(state: State, facts: Facts) -> Mapping[Reference, Any]:
    """What the storage must hold after the replay: structs by field."""
    game = facts.game
    return {
        ("_terms", game): dict(state.terms),
        ("_records", game): _record(state),
        ("_models", state.terms["model"]): {
            "verifier": state.verifier,
            "insecure": state.insecure,
            "codeHash": state.code_hash,
            "networkHash": state.network_hash,
            "proofBytes": state.proof_bytes,
            "usableFrom": state.usable_from[0],
        },
        ("_books", state.terms["book"]): {"pointer": state.book, "usableFrom": state.usable_from[1]},
        **{
            ("_stakes", game, account): {
                "side": SIDES.index(stake.side),
                "settled": account in state.settled,
                "seat": state.seat_of(account) or 0,
                "amount": stake.amount,
            }
            for account, stake in state.stakes.items()
        },
        **{
            ("_stakes", game, account): {"side": 0, "settled": account in state.settled, "seat": 0, "amount": 0}
            for account in state.withdrawn - state.stakes.keys()
        },
        ("_late", game): {"extensions": state.extensions, "staked": [state.late.get(side, 0) for side in SIDES]},
        **{("claimerOf", account): state.claimers.get(account, NOBODY) for account in state.claimed},
        **{
            ("_voters", game, number): {
                "voteKey": seat.vote_key,
                "weight": seat.weight,
                "votedPly": seat.voted + 1,
            }
            for number, seat in enumerate(state.seats)
        },
        **{("_seatAccounts", game, number): seat.account for number, seat in enumerate(state.seats)},
        **{("_weights", game, state.voted_ply, move): weight for move, weight in state.last_weights.items()},
        **{
            ("_credits", game, account): state.credits.get(account, 0)
            for account in {**state.stakes, **state.credits, state.creator: 0}
        },
    }


def _record(state: State) -> Mapping[str, Any]:
    weights = sorted(state.weights.items(), key=lambda item: (-item[1], item[0]))
    return {
        "state": PHASES.index(state.phase),
        "outcome": OUTCOMES.index(state.outcome) + 1 if state.outcome else 0,
        "reason": REASONS.index(state.reason) + 1 if state.reason else 0,
        "repeated": state.position is not None and state.seen[state.position.key] > 1,
        "seats": len(state.seats),
        "deadline": state.deadline,
        "decidableAt": state.decidable_at,
        "drawBlock": state.draw_block,
        "drawRound": state.draw_round,
        "worldPool": state.pool("world"),
        "leelaPool": state.pool("leela"),
        "pot": state.pot,
        "creator": state.creator,
        "fund": state.fund,
        "position": {
            "board": state.position.board if state.position else 0,
            "state": state.position.state if state.position else 0,
        },
        "count": {
            "leader": weights[0][0] if weights else 0,
            "leaderWeight": weights[0][1] if weights else 0,
            "runnerUpWeight": weights[1][1] if len(weights) > 1 else 0,
            "castWeight": sum(state.weights.values()),
        },
    }


def check(state: State, facts: Facts) -> list[str]:
    """Compares the final state. Returns what could not be compared; raises FindingError for what differs."""
    unchecked = []
    if facts.balance is None:
        unchecked.append("the contract's balance: the node makes no proof of it")
    else:
        held = state.received - state.paid
        expect(
            facts.balance >= held, f"the contract has {facts.balance} wei, and this game alone left {held} wei in it"
        )
        due = sum(owed(state, account) for account in {*state.stakes, *state.credits})
        expect(due <= held, f"{due} wei are owed, and the game left {held} wei")
    if facts.storage is None:
        return [*unchecked, "the contract's final state"]
    layout = Layout.of_game()
    expect(layout.read("games", words=facts.storage) > facts.game, f"the contract's state has no game {facts.game}")
    for reference, value in expected(state, facts).items():
        name = f"{reference[0].removeprefix('_')}{''.join(f'[{key}]' for key in reference[1:])}"
        try:
            stored = layout.read(*reference, words=facts.storage)
        except KeyError:
            unchecked.append(f"{name} in the contract's state: no proof of it was given")
            continue
        for field, ours, theirs in _fields(name, value, stored):
            if ours is None:
                unchecked.append(f"{field} in the contract's state")
            else:
                expect(ours == theirs, f"the contract's state says {field} = {theirs}, the events add up to {ours}")
    return unchecked


def _fields(name: str, ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    """The fields of two values, by name; None for what the replay does not know."""
    if isinstance(theirs, Mapping):
        for field, value in theirs.items():
            yield from _fields(f"{name}.{field}", ours.get(field) if isinstance(ours, Mapping) else None, value)
    else:
        yield name, ours, theirs
