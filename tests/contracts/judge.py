"""The chess libraries, asked from Python: contracts/test/ChessJudge.sol on a local chain, by calls alone."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import chess
import httpx
from eth_abi.abi import decode, encode
from eth_utils.abi import function_signature_to_4byte_selector

from engine import encoding
from server.model.position import Position

CONTRACTS = Path(__file__).parents[2] / "contracts"
BIN = CONTRACTS / "node_modules" / ".bin"
ADDRESS = "0x" + "c4e55" * 8
GAS = 1 << 40

ENDINGS = ("none", "checkmate", "stalemate", "repetition", "fifty moves", "insufficient material")
"""Chess.Ending."""
COSTS = ("play", "ending", "boardWords", "checkBitmap", "isLegal", "legalMoves")
"""ChessJudge.Costs."""


@dataclass(frozen=True)
class Question:
    """A position that occurred `occurrences` times, and moves to judge."""

    position: Position
    occurrences: int
    moves: Sequence[int]


@dataclass(frozen=True)
class Answer:
    """What the contract says: is each move legal (by both tests), and what follows the first, if it is."""

    ending: str
    words: list[int]
    legal: list[bool]
    contained: list[bool]
    successor: Position | None


class Reverted(Exception):  # noqa: N818  (what the chain says, not an error of ours)
    """A call reverted with these bytes."""


@dataclass(frozen=True)
class Judge:
    url: str

    def judge(self, questions: Sequence[Question]) -> list[Answer]:
        """Judges many positions in one call."""
        data = b"".join(
            question.position.board.to_bytes(32, "big")
            + question.position.state.to_bytes(32, "big")
            + question.occurrences.to_bytes(1, "big")
            + len(question.moves).to_bytes(2, "big")
            + b"".join(move.to_bytes(2, "big") for move in question.moves)
            for question in questions
        )
        (packed,) = decode(["bytes"], self.call("judge(bytes)", ["bytes"], [data]))
        return list(_answers(packed, questions))

    def key(self, position: Position) -> str:
        """Chess.key, 0x-prefixed hex."""
        return "0x" + self.call("key((uint256,uint256))", ["(uint256,uint256)"], [tuple(position)]).hex()

    def check_bitmap(self, position: Position, bitmap: Sequence[int], move: int) -> None:
        """Raises Reverted if the contract refuses."""
        self.call("checkBitmap((uint256,uint256),uint256[25],uint16)", *_bitmap_arguments(position, bitmap, move))

    def costs(self, position: Position, move: int, bitmap: Sequence[int]) -> dict[str, int]:
        """Gas of each step of COSTS."""
        signature = "costs((uint256,uint256),uint16,uint256[25])"
        types, values = _bitmap_arguments(position, bitmap, move)
        answer = self.call(signature, [types[0], types[2], types[1]], [values[0], values[2], values[1]])
        return dict(zip(COSTS, decode(["uint256"] * len(COSTS), answer), strict=True))

    def call(self, signature: str, types: Sequence[str], values: Sequence[object]) -> bytes:
        """Raises Reverted."""
        data = function_signature_to_4byte_selector(signature) + encode(types, values)
        transaction = {"to": ADDRESS, "data": "0x" + data.hex(), "gas": hex(GAS)}
        answer = _rpc(self.url, "eth_call", transaction, "latest")
        if "error" in answer:
            raise Reverted(answer["error"].get("data") or answer["error"]["message"])
        return bytes.fromhex(answer["result"][2:])


def _bitmap_arguments(position: Position, bitmap: Sequence[int], move: int) -> tuple[list[str], list[object]]:
    return ["(uint256,uint256)", "uint256[25]", "uint16"], [tuple(position), list(bitmap), move]


def _answers(packed: bytes, questions: Sequence[Question]) -> Iterator[Answer]:
    at = 0

    def take(size: int) -> bytes:
        nonlocal at
        at += size
        return packed[at - size : at]

    for question in questions:
        ending = ENDINGS[take(1)[0]]
        words = [int.from_bytes(take(32), "big") for _ in range(5)]
        flags = take(len(question.moves))
        legal = [flag & 1 != 0 for flag in flags]
        successor = None
        if legal and legal[0]:
            successor = Position(int.from_bytes(take(32), "big"), int.from_bytes(take(32), "big"))
        yield Answer(ending, words, legal, [flag & 2 != 0 for flag in flags], successor)
    assert at == len(packed)


def _rpc(url: str, method: str, *parameters: object) -> dict[str, dict[str, str]]:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    answer: dict[str, dict[str, str]] = httpx.post(url, json=body, timeout=60).json()
    return answer


@contextmanager
def judge() -> Iterator[Judge]:
    """Builds the judge, starts a chain for it, and stops the chain at the end."""
    subprocess.run([BIN / "forge", "build", "test/ChessJudge.sol"], cwd=CONTRACTS, check=True, capture_output=True)
    artifact = json.loads((CONTRACTS / "out" / "ChessJudge.sol" / "ChessJudge.json").read_text())
    command = [BIN / "anvil", "--port", "0", "--gas-limit", str(GAS), "--hardfork", "osaka", "--no-mining"]
    command += ["--accounts", "0", "--memory-limit", str(1 << 30), "--disable-code-size-limit"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as chain:
        try:
            assert chain.stdout is not None
            found = next(filter(None, (re.search(r"Listening on (\S+)", line) for line in chain.stdout)))
            url = f"http://{found[1]}"
            # The chain logs every call: unread, its output would stop it.
            Thread(target=chain.stdout.read, daemon=True).start()
            _rpc(url, "anvil_setCode", ADDRESS, artifact["deployedBytecode"]["object"])
            yield Judge(url)
        finally:
            chain.terminate()


def bitmap(board: chess.Board, moves: Iterable[chess.Move]) -> list[int]:
    """The 25 bitmap words with the bits of these moves."""
    return encoding.bitmap_words(encoding.policy_index(move, board.turn) for move in moves)
