"""Long work shows itself: a bar on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import signal
import threading
from typing import Any

import pytest

from engine.console import Bar, ending_cleanly


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_line_a_step_when_piped() -> None:
    stream = io.StringIO()
    with Bar("match", 2, "games", stream=stream) as bar:
        bar.note(opponent="A")
        bar.advance(points=0.5)
        bar.advance(points=1.5)
        bar.say("done")
    first, second, third, said = lines(stream)
    assert (first["done"], first["opponent"], first["seconds_left"]) == (0, "A", None)
    assert (second["work"], second["done"], second["total"], second["unit"]) == ("match", 1, 2, "games")
    assert second["points"] == 0.5 and second["seconds_left"] >= 0 and second["opponent"] == "A"
    assert third["done"] == 2 and third["seconds_left"] == 0
    assert first["expected_end"] is None and second["expected_end"].endswith(" UTC")
    assert said == {"work": "match", "text": "done"}


def test_lines_are_apart_and_the_last_is_written() -> None:
    stream = io.StringIO()
    with Bar("train", 1000, "steps", every=3600, stream=stream) as bar:
        for _ in range(10):
            bar.advance()
    assert [line["done"] for line in lines(stream)] == [1, 10]


def test_an_interrupted_bar_says_how_far_it_came() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Bar("train", None, "steps", every=3600, stream=stream) as bar:
        bar.advance(3)
        bar.advance(4)
        raise KeyboardInterrupt
    assert [line["done"] for line in lines(stream)] == [3, 7]
    assert lines(stream)[-1]["seconds_left"] is None


def test_earlier_work_is_not_part_of_the_pace() -> None:
    with Bar("train", 100, "steps", start=90, stream=io.StringIO()) as bar:
        assert bar.seconds_left() is None
        bar.advance()
        left = bar.seconds_left()
        assert bar.done == 91 and left is not None and left < 60


def test_threads_share_a_bar() -> None:
    stream = io.StringIO()
    with Bar("match", 400, "games", stream=stream) as bar:
        threads = [threading.Thread(target=lambda: [bar.advance() for _ in range(100)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [line["done"] for line in lines(stream)] == list(range(1, 401))


def test_a_terminal_gets_a_bar() -> None:
    leader, follower = pty.openpty()
    with open(follower, "w") as terminal:  # noqa: PTH123
        with Bar("match", 2, "games", stream=terminal) as bar:
            bar.advance(2, points="[b]1.5")
            bar.say("opponent: [b]Stockfish")
        terminal.flush()
    chunks = []
    with contextlib.suppress(OSError):  # Linux says "input/output error" where all is read and the other end is closed
        while chunk := os.read(leader, 1 << 16):
            chunks.append(chunk)
    os.close(leader)
    written = b"".join(chunks).decode()
    assert "2/2" in written and "points" in written and "[b]Stockfish" in written and "{" not in written


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_work_end(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    tidied = False
    with pytest.raises(KeyboardInterrupt), ending_cleanly() as asked:
        assert not asked()
        os.kill(os.getpid(), number)
        assert asked()
        tidied = True
    assert tidied and signal.getsignal(number) == before


def test_a_second_signal_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt), ending_cleanly():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the second signal was only remembered")


def test_work_without_a_signal_goes_on() -> None:
    with ending_cleanly() as asked:
        assert not asked()
