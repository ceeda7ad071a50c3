"""Verifies one of the network's moves: python examples/verify_proof.py URL GAME PLY

The proof comes from a Proofmate server. What it has to prove is computed here, from the moves. The verifier contract
says whether it does, asked through a node: RPC_URL, or the server's own. The verifier is the one that the server names;
`proofmate audit GAME --network FILE` checks that it belongs to the network.
"""

import os
import sys

import chess
import httpx

from engine import encoding

url, number, ply = sys.argv[1].rstrip("/"), int(sys.argv[2]), int(sys.argv[3])
paths = ("config", f"games/{number}", f"games/{number}/proofs/{ply}")
config, game, proof = (httpx.get(f"{url}/api/v1/{path}").raise_for_status().json() for path in paths)

board = chess.Board(game["openingFen"])
for move in game["moves"][:ply]:
    board.push_uci(move["move"])

# The public words: a bitmap of the moves that reach the prover's threshold, the board, and the context.
bitmap = [int(word, 16) for word in proof["words"][:25]]
words = bitmap + encoding.board_words(board, encoding.is_repeated(board))
words.append(encoding.context_word(config["chainId"], config["contract"], number, ply, proof["payee"]))

# The network's move is the only legal one in the bitmap. Illegal ones may be there: they count for nothing.
legal = encoding.legal_indices(board).items()
best = [move.uci() for index, move in legal if any(map(int.__and__, bitmap, encoding.bitmap_words([index])))]

calldata = "0x" + "".join(f"{word:064x}" for word in words) + proof["proof"].removeprefix("0x")
rpc = os.environ.get("RPC_URL") or httpx.URL(url + "/").join(config["rpc"])
call = {"method": "eth_call", "params": [{"to": proof["verifier"], "data": calldata}, "latest"]}
answer = httpx.post(rpc, json={"jsonrpc": "2.0", "id": 1, **call}, timeout=60).raise_for_status().json()

true = best == [game["moves"][ply]["move"]] and "result" in answer
print(f"ply {ply}, {game['moves'][ply]['move']}: {'proven' if true else 'NOT proven'} ({rpc})")
sys.exit(0 if true else 1)
