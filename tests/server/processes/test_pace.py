"""What the relay says that it can carry: never more than blocks, time and its own speed allow."""

from __future__ import annotations

import time

import pytest

from server.chain.logs import Block
from server.processes.pace import BALLOT_GAS, DAY, QUICKEST, Demand, Pace, part_of_day, shares

GAS = 60_000_000


def block(number: int, seconds: int = 12) -> Block:
    return Block(number, f"0x{number:x}", f"0x{number - 1:x}", seconds * number, GAS)


def ethereum(blocks: int = 5) -> Pace:
    pace = Pace(local=False)
    for number in range(1, blocks + 1):
        pace.saw(block(number))
    return pace


def test_a_chain_takes_half_of_its_blocks_gas() -> None:
    pace = ethereum()
    assert pace.interval == 12
    assert pace.rate(GAS, 0) == pytest.approx(GAS / 2 // BALLOT_GAS / 12)
    assert pace.rate(GAS, 0) * 170 > 10_000


def test_a_local_chain_refuses_nobody_and_slows_down_with_its_blocks() -> None:
    pace = Pace(local=True)
    assert pace.interval == QUICKEST and pace.rate(GAS, 0) > 5000
    pace.mined(12.0)
    assert pace.rate(GAS, 0) < 300


def test_what_waits_long_lowers_the_rate_and_brings_the_end_forward() -> None:
    pace = ethereum()
    calm, reserve = pace.rate(GAS, 0), pace.reserve(0)
    assert pace.rate(GAS, 20) == calm, "two blocks' worth is in flight"
    assert pace.rate(GAS, 120) == pytest.approx(calm / 5)
    assert pace.reserve(120) > reserve + 200


def test_a_relay_that_is_slow_itself_promises_less() -> None:
    pace = ethereum()
    calm = pace.rate(GAS, 0)
    pace.worked(60)
    assert pace.rate(GAS, 0) == pytest.approx(calm / 5)


def test_delays_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = ethereum()
    pace.mined(100)
    assert pace.delay(0) == 100
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 121)
    assert pace.delay(0) == 12


def test_a_head_that_stands_still_is_stale_but_not_on_a_local_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    pace, local = ethereum(), Pace(local=True)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 59)
    assert not pace.stale()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert pace.stale() and not local.stale()


def test_a_reorganisation_does_not_confuse_the_interval() -> None:
    pace = ethereum()
    pace.saw(block(3))
    assert pace.interval == 12.0
    pace.saw(block(4))
    assert pace.interval == 12.0


def test_what_has_receipts_comes_first_and_small_votes_are_whole() -> None:
    demands = {1: Demand(500, 10_000, 100.0), 2: Demand(0, 10, 100.0), 3: Demand(0, 10_000, 100.0)}
    given = shares(45.1, demands)
    assert given[1] == pytest.approx(5 + 20) and given[2] == pytest.approx(0.1) and given[3] == pytest.approx(20)
    assert sum(given.values()) == pytest.approx(45.1)


def test_nobody_shares_more_than_there_is() -> None:
    assert shares(1.0, {1: Demand(500, 100, 100.0)}) == {1: 5.0}, "what has receipts is not taken back"
    assert shares(8.0, {1: Demand(0, 0, 1.0), 2: Demand(0, 0, 1.0)}) == {1: 4.0, 2: 4.0}


def test_a_vote_gets_the_part_of_the_money_that_its_time_is_of_the_day() -> None:
    assert part_of_day(3600, DAY / 2) == pytest.approx(1 / 12)
    assert part_of_day(3600, DAY - 10) == 1.0
    assert part_of_day(0, 5) == 0.0
