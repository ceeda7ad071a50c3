"""Who plays in a simulation and how: everything follows from the number of voters and the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import chess
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from engine.encoding import pack_move
from server.chain import deploy

POT = deploy.ETHER // 2
"""The sponsor's prize, in wei."""
REWARD = deploy.ETHER // 10_000
"""What a proven move earns, in wei."""
MAX_PLY = 40
"""The game is drawn at this ply, so at most twenty moves of Leela are proven."""
FUND = MAX_PLY * REWARD
"""What pays the proofs, in wei."""
LOBBY_SECONDS = 25
"""In this time everybody must have staked."""

TERMS = {
    **deploy.DEMO_TERMS,
    "lobbyPeriod": LOBBY_SECONDS,
    "quorum": 2500,
    "fee": 200,
    "maxPly": MAX_PLY,
    "maxStake": 8 * deploy.ETHER,
    "reward": REWARD,
}

VALUES = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9, chess.KING: 0}
"""Material, in pawns."""
BALLOT_FIELDS = (("game", "uint256"), ("ply", "uint16"), ("move", "uint16"), ("position", "bytes32"))


@dataclass
class Wallet:
    """A person: an account that stakes and, for the World, a vote key and a seat."""

    account: Any
    vote_key: Any
    side: str
    stake: int
    seat: int | None = None


def wallets(voters: int, seed: int) -> list[Wallet]:
    """So many wallets, on both sides; together they stake less than the faucet gives one."""
    chance = random.Random(seed)
    return [
        Wallet(
            account=_key(seed, "account", number),
            vote_key=_key(seed, "vote", number),
            side="leela" if number % 4 == 3 or number == voters - 1 else "world",
            stake=chance.randint(deploy.DEMO_TERMS["minStake"], 8 * deploy.ETHER // voters),
        )
        for number in range(voters)
    ]


def payee(seed: int) -> Any:
    """The account that the proofs' rewards go to."""
    return _key(seed, "payee", 0)


def _key(seed: int, purpose: str, number: int) -> Any:
    return Account.from_key(keccak(f"proofmate simulate {seed} {purpose} {number}".encode()))


def choose(board: chess.Board, chance: random.Random) -> chess.Move:
    """The move of a voter who looks one ply ahead: mate, then most material, then chance."""

    def worth(move: chess.Move) -> int:
        gain = VALUES[move.promotion] - 1 if move.promotion else 0
        captured = chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
        gain += VALUES[captured] if captured and board.is_capture(move) else 0
        board.push(move)
        mate = board.is_checkmate()
        board.pop()
        return 1000 if mate else gain

    worths = {move: worth(move) for move in sorted(board.legal_moves, key=pack_move)}
    return chance.choice([move for move, value in worths.items() if value == max(worths.values())])


def vote(seed: int, ply: int, seat: int | None, board: chess.Board) -> chess.Move:
    """A seat's move. Two voters of three choose the same move, so that a leader seldom lacks the quorum."""
    own = random.Random(f"{seed} {ply} {seat}")
    return choose(board, own if own.random() < 1 / 3 else random.Random(f"{seed} {ply}"))


def ballot(wallet: Wallet, document: dict[str, Any], move: chess.Move) -> dict[str, Any]:
    """The body of a wallet's ballot in the position of a game's document.

    It is signed as a wallet would, by eth_account's own EIP-712: apart from the server's on purpose.
    """
    domain = {
        "name": "Proofmate",
        "version": "1",
        "chainId": document["chainId"],
        "verifyingContract": document["contract"],
    }
    types = {"Ballot": [{"name": name, "type": kind} for name, kind in BALLOT_FIELDS]}
    message = {
        "game": document["id"],
        "ply": document["ply"],
        "move": pack_move(move),
        "position": bytes.fromhex(document["positionKey"][2:]),
    }
    signed = wallet.vote_key.sign_message(encode_typed_data(domain, types, message))
    compact = signed.r.to_bytes(32, "big") + (signed.s | (signed.v - 27) << 255).to_bytes(32, "big")
    return {"seat": wallet.seat, "ply": document["ply"], "move": move.uci(), "signature": "0x" + compact.hex()}
