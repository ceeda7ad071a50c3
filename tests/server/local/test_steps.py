from __future__ import annotations

import time

from server.local.steps import Steps


def test_steps_say_what_takes_long() -> None:
    said: list[str] = []
    steps = Steps(said.append, every=0.05)
    with steps("keys") as progress:
        progress("quotient 40%")
        time.sleep(0.2)
    assert any(line.startswith("  keys ... 0 s quotient 40%") for line in said)
    assert said[-1].split()[0] == "keys" and steps.seconds["keys"] >= 0.2
