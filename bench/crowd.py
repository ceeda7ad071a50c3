"""A crowd of wallets with seats in a game: stakes made by the thousand, ballots signed before they are needed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import chess
import httpx
from coincurve import PrivateKey
from eth_hash.auto import keccak

from bench.place import Place
from engine.encoding import pack_move
from server.model.game import ballots as unpacked
from server.model.position import Position
from server.model.signing import Typed, address_of, sign
from server.store.records import BALLOT_BYTES

STAKE = 10**18
CALLS = 500
"""JSON-RPC calls in one request."""


@dataclass(frozen=True)
class Wallet:
    """A wallet that holds the seat of its place in the crowd, and its vote key."""

    address: str
    key: PrivateKey
    vote_address: str


def make_wallets(count: int, seed: int) -> list[Wallet]:
    """So many wallets, always the same of one seed."""
    wallets = []
    for number in range(count):
        key = PrivateKey(keccak(f"vote key {seed} {number}".encode()))
        wallets.append(
            Wallet("0x" + keccak(f"wallet {seed} {number}".encode())[-20:].hex(), key, address_of(key.public_key))
        )
    return wallets


def stake(place: Place, game: int, wallets: Sequence[Wallet], weights: Sequence[int]) -> None:
    """Gives each wallet a seat of the World, in order, and one more account a stake on Leela.

    The chain acts for the accounts without their keys (impersonation), and makes few blocks, so ten thousand take
    seconds.
    """
    call = place.chain.contract.functions
    leela = call.stake(game, 1, "0x" + "00" * 20)._encode_transaction_data()
    world = call.stake(game, 0, "0x" + "00" * 20)._encode_transaction_data()[:-40]  # all but the vote key
    chunks = [
        (wallet.address, world + wallet.vote_address[2:], weight)
        for wallet, weight in zip(wallets, weights, strict=True)
    ]
    chunks.append(("0x" + "1e" * 20, leela, STAKE))
    place.rpc("anvil_autoImpersonateAccount", True)
    place.rpc("evm_setAutomine", False)
    for start in range(0, len(chunks), CALLS):
        part = chunks[start : start + CALLS]
        _batch(place, [("anvil_setBalance", [address, hex(value + STAKE)]) for address, _, value in part])
        sent = {"to": place.chain.contract.address, "gas": hex(300_000)}
        calls = []
        for at, (address, data, value) in enumerate(part):
            price = hex(10**12 + CALLS - at)  # the chain takes higher prices first: so the order is the crowd's
            calls.append(
                (
                    "eth_sendTransaction",
                    [{**sent, "from": address, "data": data, "value": hex(value), "gasPrice": price}],
                )
            )
        _batch(place, calls)
        while int(place.rpc("txpool_status")["pending"], 16):
            place.rpc("evm_mine")
    place.rpc("evm_setAutomine", True)
    place.rpc("anvil_autoImpersonateAccount", False)
    seats = call.summary(game).call().seats
    if seats != len(wallets):
        raise RuntimeError(f"{seats} of {len(wallets)} wallets got a seat")


def _batch(place: Place, calls: Sequence[tuple[str, list[Any]]]) -> None:
    body = [
        {"jsonrpc": "2.0", "id": at, "method": method, "params": params} for at, (method, params) in enumerate(calls)
    ]
    for answer in httpx.post(place.rpc_url, json=body, timeout=120, trust_env=False).raise_for_status().json():
        if "error" in answer:
            raise RuntimeError(f"the chain refused a stake: {answer['error']}")


def ballots(
    typed: Typed, game: int, position: Position, wallets: Sequence[Wallet], chance: random.Random
) -> list[bytes]:
    """The bodies of each wallet's ballot in a position, signed, as `POST /api/games/{game}/ballots` takes them."""
    legal = list(position.unpack().legal_moves)
    bodies = []
    for seat, wallet in enumerate(wallets):
        move = _choose(legal, chance)
        digest = typed.ballot(game, position.ply, pack_move(move), position.key)
        body = {
            "seat": seat,
            "ply": position.ply,
            "move": move.uci(),
            "signature": "0x" + sign(wallet.key, digest).hex(),
        }
        bodies.append(json.dumps(body).encode())
    return bodies


def _choose(legal: Sequence[chess.Move], chance: random.Random) -> chess.Move:
    """Most of the crowd agrees on one of three moves."""
    return legal[chance.randrange(min(3, len(legal)))] if chance.random() < 0.8 else chance.choice(legal)


def counted(place: Place, game: int) -> dict[tuple[int, int], int]:
    """What the chain counted: ply and seat -> the move's number."""
    moves = {}
    for event in place.chain.events(0, place.chain.head().number, game):
        if event.name == "BallotsCast":
            for seat, move in unpacked(event.args["ballots"]):
                moves[event.args["ply"], seat] = move
    return moves


@dataclass
class Costs:
    """What a sender's batches of ballots cost."""

    batches: int = 0
    gas: int = 0
    wasted: int = 0
    """Gas for ballots that did not count: their share of a transaction, or the whole of one that counted none."""


def costs(place: Place, first_block: int, sender: str) -> Costs:
    """The costs of the batches in the blocks since `first_block`."""
    found = Costs()
    for ballots, receipt in _casts(place, first_block, sender):
        gas, sent = int(receipt["gasUsed"], 16), len(ballots) // BALLOT_BYTES
        taken = sum(int(log["data"][66:130], 16) // 6 for log in receipt["logs"])  # length of the event's bytes
        found.batches += 1
        found.gas += gas
        found.wasted += gas * (sent - taken) // sent
    return found


def _casts(place: Place, first_block: int, sender: str) -> Iterator[tuple[bytes, Any]]:
    """The ballots in each of a sender's transactions, and its receipt."""
    decode = place.chain.contract.decode_function_input
    for number in range(first_block, place.chain.head().number + 1):
        block = place.rpc("eth_getBlockByNumber", hex(number), True)
        for transaction in block["transactions"]:
            if transaction["from"].lower() == sender.lower():
                function, arguments = decode(transaction["input"])
                if function.fn_name == "castBallots":
                    yield arguments["ballots"], place.rpc("eth_getTransactionReceipt", transaction["hash"])
