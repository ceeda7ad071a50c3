"""Stockfish through its UCI pipe: the labeller of the training data and the opponent in matches."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from types import TracebackType

import chess

MATE = 100_000
"""Centipawns of a mate now; a mate in n moves is worth n less."""
WON = 300
"""Centipawns from which a position counts as won."""


@dataclass(frozen=True)
class Line:
    """A move and its value in centipawns for the side to move."""

    move: chess.Move
    value: int


class Stockfish:
    """One Stockfish process, one thread. Raises FileNotFoundError if there is none on the path or in /usr/games."""

    def __init__(self, **options: object) -> None:
        program = shutil.which("stockfish", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/games")))
        if program is None:
            raise FileNotFoundError("there is no `stockfish` on the path (apt-get install stockfish)")
        # A group of its own: Ctrl-C in a terminal goes to the whole group, and is for us to handle.
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, process_group=0
        )
        self.name = next(line for line in self._ask("uci", "uciok") if line.startswith("id name"))[8:]
        for name, value in ({"Hash": 16} | options).items():
            self._send(f"setoption name {name} value {str(value).lower() if isinstance(value, bool) else value}")
        self.new_game()

    def new_game(self) -> None:
        """Forgets everything, so that what follows depends on nothing before."""
        self._send("ucinewgame")
        self._ask("isready", "readyok")

    def best(self, board: chess.Board, limit: str, history: bool = True) -> chess.Move:
        """The best move under a limit, "nodes 1200" or "movetime 100"; without history the position stands alone."""
        return chess.Move.from_uci(self._go(board, limit, history)[-1].split()[1])

    def lines(self, board: chess.Board, limit: str) -> list[Line]:
        """The best lines (as many as the option MultiPV), best first, of the deepest search that finished."""
        found: dict[str, Line] = {}
        for words in map(str.split, self._go(board, limit, history=False)):
            if words[0] == "info" and "pv" in words and "lowerbound" not in words and "upperbound" not in words:
                kind, number = words[words.index("score") + 1], int(words[words.index("score") + 2])
                value = number if kind == "cp" else (MATE - number if number > 0 else -MATE - number)
                found[words[words.index("multipv") + 1]] = Line(
                    chess.Move.from_uci(words[words.index("pv") + 1]), value
                )
        return [found[key] for key in sorted(found, key=int)]

    def _go(self, board: chess.Board, limit: str, history: bool) -> list[str]:
        root = board.root() if history else board
        moves = " moves " + " ".join(move.uci() for move in board.move_stack) if history and board.move_stack else ""
        self._send(f"position fen {root.fen()}{moves}")
        return self._ask(f"go {limit}", "bestmove")

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def _ask(self, line: str, last: str) -> list[str]:
        """Sends a line and reads until one that starts with `last`."""
        assert self._process.stdout is not None
        self._send(line)
        answer: list[str] = []
        while not answer or not answer[-1].startswith(last):
            answer.append(self._process.stdout.readline().rstrip("\n"))
            if not answer[-1] and self._process.poll() is not None:
                raise RuntimeError(f"Stockfish stopped while asked to {line!r}")
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Stockfish:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
