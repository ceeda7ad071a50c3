"""The game contract's events and calls, decoded by its ABI, as the steps of the audit pass them on."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3Exception

from server.chain.contracts import abi
from server.checks.audit.encoding import Log, Transaction

EMITTERS: Mapping[str, tuple[str, ...]] = {
    "ModelAdded": ("addModel",),
    "BookAdded": ("addBook",),
    "GameCreated": ("createGame",),
    "Staked": ("stake",),
    "Withdrawn": ("withdraw",),
    "LobbyExtended": ("stake",),
    "RoundFixed": ("closeLobby",),
    "RoundSigned": ("beginByBeacon",),
    "DrawFixed": ("closeLobby", "begin"),
    "Began": ("begin", "beginByBeacon"),
    "BallotsCast": ("castBallots", "castBallot"),
    "VoteClosed": ("closeVote",),
    "Moved": ("closeVote", "submitMove"),
    "GameOver": ("closeLobby", "closeVote", "submitMove", "voidGame"),
    "ClaimerChosen": ("chooseClaimer",),
    "Claimed": ("claim", "claimTo"),
}
"""The functions that emit each event."""
PAYING = ("claim", "claimTo", "withdraw")
"""Functions that send money, whose receiver may call the contract again: only the first log is certainly theirs."""
REGISTRY = ("ModelAdded", "BookAdded")
"""Events of what a game is made of. They come before it."""
PERSONAL = ("ClaimerChosen",)
"""Events of an account, in all games."""


@dataclass(frozen=True)
class Call:
    """A call of the game contract. `traced`: known from a node's trace alone, not from a transaction."""

    sender: str
    value: int
    function: str
    arguments: Mapping[str, Any]
    traced: bool = False


@dataclass(frozen=True)
class Event:
    """An event, with its block's number and time, and the call that emitted it if that is known."""

    name: str
    args: Mapping[str, Any]
    block: int
    time: int
    call: Call | None = None


@functools.cache
def interface() -> Any:
    """The game contract's interface, of no chain."""
    return Web3().eth.contract(abi=abi())


@functools.cache
def topics() -> Mapping[str, str]:
    """The first topic of each event that the audit replays, by name."""
    found = {event().event_name: event().topic for event in interface().events}
    return {name: found[name] for name in EMITTERS if name in found}


def topic_of(number: int) -> str:
    """A game's, model's or book's number as a topic."""
    return "0x" + number.to_bytes(32, "big").hex()


def decode(log: Log) -> tuple[str, Mapping[str, Any]] | None:
    """The name and the arguments of a log; None if it is no event that the audit replays. Raises ValueError."""
    name = {topic: name for name, topic in topics().items()}.get(Web3.to_hex(log.topics[0]) if log.topics else "")
    return None if name is None else (name, arguments_of(interface(), name, log))


def arguments_of(contract: Any, name: str, log: Log) -> Mapping[str, Any]:
    """The arguments of a log, read as an event of a contract's interface. Raises ValueError if it is none."""
    raw = {
        "address": log.address,
        "topics": [HexBytes(topic) for topic in log.topics],
        "data": HexBytes(log.data),
        **{"blockNumber": 0, "blockHash": HexBytes(bytes(32)), "transactionHash": HexBytes(bytes(32))},
        **{"transactionIndex": 0, "logIndex": 0},
    }
    try:
        arguments: Mapping[str, Any] = contract.events[name]().process_log(raw)["args"]
    except (Web3Exception, DecodingError) as error:
        raise ValueError(f"{name} is not as the contract writes it ({error})") from None
    return arguments


def ours(log: Log, contract: str, game: int, model: int | None, book: int | None) -> bool:
    """Whether a log is of the contract and about this game, its model or its book, or any account's own."""
    if log.address != contract or len(log.topics) < 2:
        return False
    names = {bytes.fromhex(topic[2:]): name for name, topic in topics().items()}
    about = {"ModelAdded": model, "BookAdded": book}
    name = names.get(log.topics[0])
    return name in PERSONAL or (name is not None and int.from_bytes(log.topics[1], "big") == about.get(name, game))


def call_of(sender: str, value: int, data: bytes, traced: bool = False) -> Call | None:
    """A call from its input; None if it is no function of the contract."""
    try:
        function, arguments = interface().decode_function_input(HexBytes(data))
    except (ValueError, Web3Exception, DecodingError):
        return None
    return Call(sender, value, function.fn_name, arguments, traced)


def direct_call(transaction: Transaction, contract: str, name: str, logs_before: int) -> Call | None:
    """The transaction's own call, if that is what emitted an event; `logs_before`: of the contract, before it."""
    if transaction.to != contract:
        return None
    call = call_of(transaction.sender, transaction.value, transaction.data)
    if call is None or call.function not in EMITTERS[name] or (call.function in PAYING and logs_before):
        return None
    return call


def logs_before(logs: Sequence[Log], position: int, contract: str) -> int:
    """How many of a receipt's logs the contract wrote before the one at this position."""
    return sum(log.address == contract for log in logs[:position])
