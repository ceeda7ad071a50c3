from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.model.payout import Stake, payout

amounts = st.integers(1, 10**24)
stakes = st.dictionaries(
    st.integers(0, 9).map(str), st.builds(Stake, st.sampled_from(["world", "leela"]), amounts), min_size=1
)


@given(stakes, st.sampled_from(["world", "leela", "draw", "void"]), st.integers(0, 100), st.integers(0, 500), amounts)
def test_nothing_is_lost(held: dict[str, Stake], outcome: str, odds: int, fee: int, pot: int) -> None:
    if outcome == "world" and all(stake.side == "leela" for stake in held.values()):
        return  # a game without a World stake is void
    due = payout(outcome, held, odds, fee, pot)
    paid = sum(due.stakers.values()) + due.pot_returned
    assert sum(stake.amount for stake in held.values()) + pot == paid + due.fee + due.dust
    assert 0 <= due.dust <= len(held)
    for account, stake in held.items():
        assert due.stakers[account] >= (stake.amount if stake.side == outcome else 0)


def test_a_win_by_hand() -> None:
    held = {"a": Stake("world", 100), "b": Stake("world", 300), "c": Stake("leela", 1000)}
    due = payout("world", held, max_odds=2, fee=500, pot=40)
    # 800 of Leela's 1000 are played for; 40 are the fee; 760 + 40 are shared 1 : 3.
    assert due.stakers == {"a": 300, "b": 900, "c": 200}
    assert (due.fee, due.pot_returned, due.dust) == (40, 0, 0)


def test_draw_and_void_return_everything() -> None:
    held = {"a": Stake("world", 1), "b": Stake("leela", 2)}
    for outcome in ("draw", "void"):
        due = payout(outcome, held, 10, 500, 7)
        assert (due.stakers, due.fee, due.pot_returned, due.dust) == ({"a": 1, "b": 2}, 0, 7, 0)


def test_one_wei_cannot_take_a_pool() -> None:
    held = {"dust": Stake("world", 1), "whale": Stake("leela", 10**20)}
    due = payout("world", held, max_odds=10, fee=0, pot=0)
    assert due.stakers == {"dust": 11, "whale": 10**20 - 10}
