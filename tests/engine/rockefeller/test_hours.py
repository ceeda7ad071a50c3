"""Features, buckets and the reading of prices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.rockefeller.hours import BOUNDS, Hours, buckets, features, part, read_prices, tick_of


def test_features_are_steps_of_four_ticks_halves_up_as_the_contract_rounds() -> None:
    """The vectors stand in `IHours.sol`'s rule: clamp(floor((difference + 2) / 4), -127, 127)."""
    moves = [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        -1,
        -2,
        -3,
        -4,
        -5,
        -6,
        -7,
        505,
        506,
        507,
        508,
        509,
        510,
        9999,
        -505,
        -506,
        -510,
        -511,
    ]
    expected = [
        0,
        0,
        1,
        1,
        1,
        1,
        2,
        0,
        0,
        -1,
        -1,
        -1,
        -1,
        -2,
        126,
        127,
        127,
        127,
        127,
        127,
        127,
        -126,
        -126,
        -127,
        -127,
    ]
    assert len(moves) == 25
    assert features(np.cumsum([7, *moves])).tolist() == expected


def test_buckets_are_bounded_below() -> None:
    for number, bound in enumerate(BOUNDS):
        assert buckets([bound - 1, bound]).tolist() == [number, number + 1]
    assert buckets([-99999, 0, 99999]).tolist() == [0, 6, 11]


def test_parts_are_those_of_the_vault() -> None:
    """10%, 5% and 2.5%, as `Rockefeller.sol` has them in basis points."""
    assert [part(bucket) for bucket in range(12)] == [0.1, 0.05, 0.025, 0.025, 0, 0, 0, 0, 0.025, 0.025, 0.05, 0.1]


def test_a_label_is_the_hour_that_begins_with_the_decision() -> None:
    """The original's labels were an hour late. Here nothing lies between the last feature and the move."""
    closes = np.zeros(40, np.int64)
    closes[37:] = 500  # the price jumps in hour 37, whose first moment is the end of hour 36
    x, labels, moves = Hours(0, np.zeros(40, np.int64), closes).examples()
    assert x.shape == (3, 36)
    assert moves.tolist() == [500, 0, 0] and labels.tolist() == [11, 6, 6]


def test_no_feature_knows_what_comes() -> None:
    generator = np.random.default_rng(1)
    means, closes = generator.integers(-500, 500, (2, 60))
    x, _, _ = Hours(0, means, closes).examples()
    for n in range(len(x)):
        late = means.copy()
        late[n + 37 :] += 100
        again, _, _ = Hours(0, late, closes).examples()
        assert np.array_equal(again[n], x[n])


def rows(count: int) -> list[str]:
    return [f"2024-01-{1 + hour // 24:02}T{hour % 24:02}:00:00+00:00,2000,2010,1990" for hour in range(count)]


def written(folder: Path, lines: list[str], header: str = "time,close,high,low") -> Path:
    path = folder / "prices.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_prices_are_read(tmp_path: Path) -> None:
    lines = rows(40)
    lines[5] = lines[5].replace("2010", "99999999")  # a fault of the data
    hours = read_prices(written(tmp_path, lines))
    assert len(hours) == 39 and hours.start % 3600 == 0
    assert set(hours.closes) == {tick_of(2000)}
    assert 0 <= hours.means[4] - tick_of(2000) <= 50  # bounded: a quarter of 200 ticks


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (3, "2024-01-01T03:00:00+00:00,2000,2010,2005", "line 5: low 2005"),
        (3, "2024-01-01T03:00:00+00:00,0,2010,0", "line 5: low 0"),
        (3, "2024-01-01T03:00:00+00:00,nan,nan,nan", "line 5: low nan"),
        (3, "2024-01-01T03:00:00+00:00,two,2010,1990", "line 5: time, close, high and low are expected"),
        (3, "yesterday,2000,2010,1990", "line 5: time, close"),
        (3, "2024-01-01T04:00:00+00:00,2000,2010,1990", "line 5: 7200 s after the line before"),
        (0, "2024-01-01T00:00:00+00:00,2000", "line 2: time, close"),
    ],
)
def test_bad_prices_are_refused_with_their_line(tmp_path: Path, line: int, text: str, message: str) -> None:
    lines = rows(40)
    lines[line] = text
    with pytest.raises(ValueError, match=message):
        read_prices(written(tmp_path, lines))


def test_too_few_hours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="38 hours, at least 39"):
        read_prices(written(tmp_path, rows(38)))
