"""Planes as public words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine import words as public


def test_ties_are_the_rows_of_the_logit_section() -> None:
    ties = [public.tie(index) for index in range(4672)]
    assert len(set(ties)) == 4672 and min(ties) >= 1 and max(ties) <= 5256
    pads = set(range(1, 5257)) - set(ties)
    assert len(pads) == 73 * 8
    assert public.tie(0) == 72 and public.tie(64) == 144 and public.tie(63) == 72 - 70


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=10))
def test_words_give_the_planes_back(masks: list[int]) -> None:
    words = public.to_words(masks)
    assert len(words) == (len(masks) + 2) // 3
    planes = []
    for n, word in enumerate(words):
        held = min(3, len(masks) - 3 * n)
        assert word < 1 << 72 * held
        planes += [word >> 72 * (held - 1 - k) & (1 << 72) - 1 for k in range(held)]
    for mask, plane in zip(masks, planes, strict=True):
        squares = {p - p // 9 for p in range(72) if plane >> p & 1}
        assert all(p % 9 != 8 for p in range(72) if plane >> p & 1)
        assert squares == {s for s in range(64) if mask >> s & 1}
