"""Plays for the World by itself: PRIVATE_KEY=0x... python examples/bot.py URL GAME ETHER

All that a page does, an outside program can do: it stakes on the World from an account with funds, votes at every ply
for the move that wins most material, checks the receipt, and listens until the game is over. On a local chain, without
PRIVATE_KEY, it makes an account and asks the faucet for play money. docs/api.md explains each step.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from typing import Any

import chess
import httpx
from eth_account import Account
from eth_account.messages import encode_typed_data
from web3 import Web3

from engine import encoding

VALUES = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9}
BALLOT, RECEIPT = (
    [{"name": name, "type": kind} for name, kind in fields]
    for fields in (
        (("game", "uint256"), ("ply", "uint16"), ("move", "uint16"), ("position", "bytes32")),
        (
            *(("game", "uint256"), ("seat", "uint32"), ("ply", "uint16"), ("move", "uint16")),
            *(("position", "bytes32"), ("received", "uint64")),
        ),
    )
)

url, number, ether = sys.argv[1].rstrip("/"), int(sys.argv[2]), sys.argv[3]
api = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
config = api.get("/config").raise_for_status().json()
account = Account.from_key(os.environ.get("PRIVATE_KEY") or secrets.token_bytes(32))
vote_key = Account.create()  # it can vote in this game and never touch money
node = Web3(Web3.HTTPProvider(str(httpx.URL(url + "/").join(config["rpc"]))))
contract = node.eth.contract(address=config["contract"], abi=config["abi"], decode_tuples=True)


def typed(kind: str, fields: list[dict[str, str]], message: dict[str, Any]) -> Any:
    """What is signed: EIP-712, bound to this chain and contract."""
    domain = {
        "name": "Proofmate",
        "version": "1",
        "chainId": config["chainId"],
        "verifyingContract": config["contract"],
    }
    return encode_typed_data(domain, {kind: fields}, message)


def stake() -> int:
    """Stakes on the World and names the vote key. Returns the seat."""
    if config["faucet"] and not os.environ.get("PRIVATE_KEY"):
        api.post("/faucet", json={"address": account.address}).raise_for_status()
    call = contract.functions.stake(number, 0, vote_key.address)
    value = Web3.to_wei(ether, "ether")
    nonce = node.eth.get_transaction_count(account.address)
    signed = account.sign_transaction(call.build_transaction({"from": account.address, "value": value, "nonce": nonce}))
    receipt = node.eth.wait_for_transaction_receipt(node.eth.send_raw_transaction(signed.raw_transaction))
    if receipt["status"] != 1:
        sys.exit("the stake was refused")
    return int(contract.functions.stakeOf(number, account.address).call().number)


def documents() -> Iterator[dict[str, Any]]:
    """The game's documents as they come; after a cut the stream is opened again."""
    while True:
        try:
            headers = {"Accept": "application/x-ndjson"}
            with api.stream("GET", f"/games/{number}/stream", headers=headers) as answer:
                answer.raise_for_status()
                yield from (json.loads(line) for line in answer.iter_lines() if line)
        except httpx.TransportError as error:
            print(f"connection lost ({error}), trying again", file=sys.stderr)
            time.sleep(1)


def choose(board: chess.Board) -> chess.Move:
    """The move that takes most; mate before all."""

    def worth(move: chess.Move) -> tuple[bool, int, str]:
        taken = board.piece_type_at(move.to_square)
        board.push(move)
        mate = board.is_checkmate()
        board.pop()
        return mate, VALUES.get(taken or 0, 0), move.uci()

    return max(board.legal_moves, key=worth)


def vote(game: dict[str, Any], seat: int) -> None:
    """Signs and posts a ballot, again while the server asks for patience, and checks that the receipt is by its key."""
    move = choose(chess.Board(game["fen"]))
    what = {"game": number, "ply": game["ply"], "move": encoding.pack_move(move), "position": game["positionKey"]}
    signed = Account.sign_message(typed("Ballot", BALLOT, what), vote_key.key)
    compact = signed.r << 256 | (signed.v - 27) << 255 | signed.s  # EIP-2098: 64 bytes
    ballot = {"seat": seat, "ply": game["ply"], "move": move.uci(), "signature": f"0x{compact:0128x}"}
    while "Retry-After" in (answer := api.post(f"/games/{number}/ballots", json=ballot)).headers:
        print(f"ply {game['ply']}: {answer.json()['detail']}", flush=True)
        time.sleep(int(answer.headers["Retry-After"]))
    if answer.status_code != 202:
        print(f"ply {game['ply']}: {answer.json()['detail']}", flush=True)
        return
    receipt = answer.json()["receipt"]
    r, y_and_s = int(receipt["signature"][2:66], 16), int(receipt["signature"][66:], 16)
    rsv = (27 + (y_and_s >> 255), r, y_and_s & ((1 << 255) - 1))
    said = typed("Receipt", RECEIPT, {**what, "seat": seat, "received": receipt["received"]})
    if Account.recover_message(said, vrs=rsv) not in config["receiptAddresses"]:
        sys.exit(f"ply {game['ply']}: the receipt is by a key that the server does not name")
    print(f"ply {game['ply']}: voted {move.uci()}, received", flush=True)


mine = stake()
print(f"game {number}: seat {mine} with {ether} ether", flush=True)
voted: set[str] = set()
for document in documents():
    if document["state"] == "over":
        owed = contract.functions.owed(number, account.address).call()
        print(f"over: {document['outcome']}; {Web3.from_wei(owed, 'ether')} ether to claim")
        break
    if document["state"] == "vote" and document["positionKey"] not in voted:
        voted.add(document["positionKey"])
        vote(document, mine)
