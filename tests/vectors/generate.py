"""Makes the shared vectors: `python -m tests.vectors.generate`.

positions.json is the encoding. Python, Rust, Solidity and the page read the same file, so that none can drift from the
others. One entry a position:

    name       what it shows
    fen        the position, as python-chess writes it
    repeated   whether the position is taken to have occurred before
    board      the contract's words (Chess.sol), hex
    state
    words      the five public words of the position (engine/encoding.py), hex
    moves      every legal move as a 16-bit number, ascending
    indices    the policy index of each, in the same order

All values come from `engine/encoding.py`, `server/model/position.py` and python-chess.

receipt.json is a receipt as `server/store/ballots.py` signs it, with the chain and the contract that it is bound to.
The page must find it valid. Tests check that both files are current.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
from eth_account import Account

from engine import encoding
from server.model.position import Position
from server.model.signing import Typed, compact
from server.store.records import Receipt

FILE = Path(__file__).parent / "positions.json"
RECEIPT_FILE = Path(__file__).parent / "receipt.json"
RANDOM_POSITIONS = 1000

NAMED = {
    "start": chess.STARTING_FEN,
    "castling both ways, both sides": "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1",
    "castling, Black to move": "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1",
    "castling, king's side only": "r3k2r/8/8/8/8/8/8/R3K2R w Kk - 0 1",
    "castling, queen's side only, Black": "r3k2r/8/8/8/8/8/8/R3K2R b Qq - 0 1",
    "castling through check": "4k3/8/8/8/8/8/4r3/R3K2R w KQ - 0 1",
    "castling, way attacked on one side": "4kr2/8/8/8/8/8/8/R3K2R w KQ - 0 1",
    "castling, rook attacked": "1r2k2r/8/8/8/8/8/8/R3K2R w KQk - 0 1",
    "en passant, both captors": "4k3/8/8/2PpP3/8/8/8/4K3 w - d6 0 1",
    "en passant, Black": "4k3/8/8/8/2pPp3/8/8/4K3 b - d3 0 1",
    "en passant, at the edge": "4k3/8/8/Pp6/8/8/8/4K3 w - b6 0 1",
    "en passant, not legal on the rank": "8/8/8/K1Pp3r/8/8/8/4k3 w - d6 0 1",
    "en passant, one of two captors pinned": "2r1k3/8/8/2PpP3/8/8/8/2K5 w - d6 0 1",
    "en passant, the only move": "8/8/q6p/5KpP/8/4rk2/8/8 w - g6 0 1",
    "promotions, all ways": "1n1n2k1/2P5/8/8/8/8/8/4K3 w - - 0 1",
    "promotions, Black, both edges": "4k3/8/8/8/8/8/p6p/1N2K1N1 b - - 0 1",
    "promotion gives check": "rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8",
    "many moves": "R6R/3Q4/1Q4Q1/4Q3/2Q4Q/Q4Q2/pp1Q4/kBNN1KB1 w - - 0 1",
    "kiwipete": "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "pins": "4r1k1/8/8/b6b/8/2P3N1/3RRB2/r1Q1K3 w - - 0 1",
    "double check": "4r1k1/8/8/8/8/3n4/8/R3K2Q w Q - 0 1",
    "checkmate": "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3",
    "stalemate": "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1",
    "knights in the corners": "n6n/8/8/3k4/8/3K4/8/N6N b - - 12 40",
}


def entry(name: str, board: chess.Board, repeated: bool, ply: int) -> dict[str, Any]:
    """The vector of one position, `ply` half-moves after its game's opening."""
    moves = {encoding.pack_move(move): index for index, move in encoding.legal_indices(board).items()}
    position = Position.pack(board, ply)
    return {
        "name": name,
        "fen": board.fen(),
        "repeated": repeated,
        "board": hex(position.board),
        "state": hex(position.state),
        "words": [hex(word) for word in encoding.board_words(board, repeated)],
        "moves": sorted(moves),
        "indices": [moves[move] for move in sorted(moves)],
    }


def random_boards(seed: int) -> Iterator[chess.Board]:
    """Positions of random games, with their move stacks; far from each other."""
    source = random.Random(seed)
    while True:
        board = chess.Board()
        while not board.is_game_over() and board.ply() < 200:
            board.push(source.choice(list(board.legal_moves)))
            if source.random() < 0.05:
                yield board


def vectors() -> list[dict[str, Any]]:
    """Every entry of the file."""
    entries = [
        entry(name, chess.Board(fen), repeated, 0)
        for name, fen in NAMED.items()
        for repeated in ((False, True) if name == "start" else (False,))
    ]
    for number, board in zip(range(RANDOM_POSITIONS), random_boards(1), strict=False):
        entries.append(entry(f"random {number}", board, encoding.is_repeated(board), board.ply()))
    return entries


def text() -> str:
    """The file's content: one entry a line."""
    return "[\n" + ",\n".join(json.dumps(each) for each in vectors()) + "\n]\n"


def receipt_text() -> str:
    """The content of receipt.json."""
    chain_id, contract, relay = 31337, "0x5FbDB2315678afecb367f032d93F642f64180aa3", Account.from_key(b"\xb2" * 32)
    position, move = Position.pack(chess.Board(), 0).key, chess.Move.from_uci("e2e4")
    game, seat, ply, received = 2, 5, 0, 1_700_000_000
    digest = Typed(chain_id, contract).receipt(game, seat, ply, encoding.pack_move(move), position, received)
    receipt = Receipt(
        game=game,
        seat=seat,
        ply=ply,
        move=move.uci(),
        position=position,
        received=received,
        relay=relay.address,
        signature="0x" + compact(relay.unsafe_sign_hash(digest)).hex(),
    )
    entry = {"chainId": chain_id, "contract": contract, "receipt": receipt.model_dump(by_alias=True)}
    return json.dumps(entry, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
    RECEIPT_FILE.write_text(receipt_text())
