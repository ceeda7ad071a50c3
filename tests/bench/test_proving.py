"""A prover is measured in a process of its own, and a wrong move is no result."""

import os
import time
from pathlib import Path

import pytest

from bench import proving
from bench.proving import Report
from engine import encoding
from engine.policy import Network, scores


def test_a_wrong_move_is_no_result() -> None:
    network = Network.random("tiny", 15, 8, 1, 1, 12, 512)
    board = proving.boards(1)[0]
    ranks = scores(network.logits(encoding.planes(board, False)))
    best, second, *_ = sorted(encoding.legal_indices(board), key=ranks.__getitem__, reverse=True)
    proving.check_moves(network, [best])
    with pytest.raises(RuntimeError, match="is not the integer policy's"):
        proving.check_moves(network, [second])


def test_positions_are_distinct_and_not_over() -> None:
    boards = proving.boards(10)
    assert len({board.fen() for board in boards}) == 10
    assert not any(board.is_game_over() for board in boards)


def answer(report: Report, number: int) -> int:
    report(1, "counted")
    return number + 1


def refuse(report: Report) -> None:
    raise ValueError("layer 0: too wide")


def die(report: Report) -> None:
    os._exit(9)


def wait(report: Report, file: Path) -> None:
    file.write_text(str(os.getpid()))
    report(0, "waiting")
    time.sleep(600)


@pytest.mark.slow
def test_a_process_of_its_own() -> None:
    said: list[tuple[int, str]] = []
    assert proving._alone(lambda *message: said.append(message), answer, 4) == 5
    assert said == [(1, "counted")]
    with pytest.raises(ValueError, match="layer 0: too wide"):
        proving._alone(lambda *message: None, refuse)
    with pytest.raises(RuntimeError, match="out of memory"):
        proving._alone(lambda *message: None, die)


@pytest.mark.slow
def test_an_interruption_ends_the_process(tmp_path: Path) -> None:
    def interrupt(done: int, step: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        proving._alone(interrupt, wait, tmp_path / "pid")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
