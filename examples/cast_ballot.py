"""Casts a ballot from a script: VOTE_KEY=0x... python examples/cast_ballot.py URL GAME SEAT MOVE

VOTE_KEY is the private key whose address the seat's stake named; it can vote and never touch money. The signature holds
for this chain, contract, game, ply and position alone. The answer is a receipt: the server has the ballot on disk, and
it counts when it is on the chain.
"""

import os
import sys

import chess
import httpx
from eth_account import Account
from eth_account.messages import encode_typed_data

from engine import encoding

url, number, seat, uci = sys.argv[1].rstrip("/"), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
config, game = (httpx.get(f"{url}/api/v1/{path}").raise_for_status().json() for path in ("config", f"games/{number}"))

message = encode_typed_data(
    {
        "name": "Proofmate",
        "version": "1",
        "chainId": config["chainId"],
        "verifyingContract": config["contract"],
    },
    {
        "Ballot": [
            {"name": "game", "type": "uint256"},
            {"name": "ply", "type": "uint16"},
            {"name": "move", "type": "uint16"},
            {"name": "position", "type": "bytes32"},
        ]
    },
    {
        "game": number,
        "ply": game["ply"],
        "move": encoding.pack_move(chess.Move.from_uci(uci)),
        "position": game["positionKey"],
    },
)
signed = Account.sign_message(message, os.environ["VOTE_KEY"])
compact = signed.r << 256 | (signed.v - 27) << 255 | signed.s  # EIP-2098: 64 bytes

ballot = {"seat": seat, "ply": game["ply"], "move": uci, "signature": f"0x{compact:0128x}"}
answer = httpx.post(f"{url}/api/v1/games/{number}/ballots", json=ballot)
print(answer.text)
sys.exit(0 if answer.status_code == 202 else 1)
