"""Proofs about the contracts, for every value and not only for those that tests try. `make formal` runs it.

1. Pool pays never more than came in, and less by at most one wei an account, for any number of stakes; nothing
   overflows or divides by zero. By z3 over the integers, from lemmas on rounding; sums over stakes follow by induction.
2. Vote: once `isDecided`, no ballot changes what is played, and it stays decided; once all have voted it is decided. By
   z3, one ballot at a time: each property of a count that is assumed is also shown to hold after a ballot.
3. Game: no call leads out of Over. By `states.py`.

1 and 2 are about the functions below, which say what Pool.sol and Vote.sol do. If those files change, this fails until
somebody has compared them again (`COMPARED`). Not proven: that the compiler is right; the game's arithmetic outside
Pool and Vote; that who is owed money can be paid. Tests and invariants try these.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import states
from z3 import And, If, Implies, Ints, Not, Or, Solver, unsat

# SHA-256 of the files without comments and spaces, as they were when the functions below were compared with them.
COMPARED = {
    "Pool": "df7fb7f8915eff8d9a0f801d0f8816b3d01ccbc82762cef3af2fc918ed7d1bcd",
    "Vote": "000a5dd95e9b1b8f5312c7225f9795465ce0d2daa0a75fd3656ded2367608f30",
}
POOL = 2**80 - 1
"""What a pool, or a pot with its fund, holds at most: Game's MAX_POOL."""
BASIS_POINTS = 10_000


def prove(what: str, claim: Any, *assumptions: Any) -> None:
    """Ends the program unless z3 finds that the claim follows from the assumptions, and that these can be met."""
    possible = Solver()
    possible.set("timeout", 20_000)
    possible.add(*assumptions)
    if possible.check() == unsat:
        sys.exit(f"NOT PROVEN: {what}: the assumptions contradict each other")
    solver = Solver()
    solver.set("timeout", 60_000)
    solver.add(*assumptions, Not(claim))
    result = solver.check()
    if result != unsat:
        sys.exit(f"NOT PROVEN: {what}: {solver.model() if str(result) == 'sat' else result}")
    print(f"proven: {what}", flush=True)


def compared(file: str) -> None:
    source = (Path(__file__).parents[1] / "src" / f"{file}.sol").read_text()
    code = "".join(re.sub(r"//.*", "", source).split())
    found = hashlib.sha256(code.encode()).hexdigest()
    if found != COMPARED[file]:
        sys.exit(f"{file}.sol has changed: compare it with the functions here, then write {found} into COMPARED")


# ---------------------------------------------------------------------------------------------------------------- Pool


def product(x: Any, y: Any) -> Any:
    """What z3 does not find by itself: the product of two numbers that are not negative is not negative."""
    return Implies(And(x >= 0, y >= 0), x * y >= 0)


def pool() -> None:
    compared("Pool")
    # Of `part`, stakes a and b of a pool get the floors p and q of a part / pool and b part / pool; products are named.
    a_part, b_part, p_pool, q_pool, size, d, m, r = Ints("a_part b_part p_pool q_pool size d m r")
    floors = And(p_pool <= a_part, a_part < p_pool + size, q_pool <= b_part, b_part < q_pool + size)
    together = And(p_pool + q_pool <= a_part + b_part, a_part + b_part < p_pool + q_pool + 2 * size)
    prove(
        "two floors are at most the quotient of the sum, and short of it by less than two", together, floors, size > 0
    )
    prove(
        "a number at most a quotient is at most its floor",
        m <= r,
        m * size <= a_part,
        a_part < (r + 1) * size,
        size > 0,
        product(m - r - 1, size),
    )
    prove("all stakes of a pool together get exactly the part", d == 0, d * size >= 0, d * size < size, size > 0)
    # So by induction n stakes that sum to their pool get at most the part in all, and less by less than n.

    winners, losers, most, pot, share, matched, fee, stake = Ints("winners losers most pot share matched fee stake")
    pools = And(winners >= 0, winners <= POOL, losers >= 0, losers <= POOL, pot >= 0, pot <= POOL)
    matching = And(most >= 0, matched == If(losers < most, losers, most))
    feeing = And(share >= 0, share <= 500, fee >= 0, fee * BASIS_POINTS <= matched * share)
    prove("no more is matched than the losers have", And(matched >= 0, matched <= losers), pools, matching)
    prove("the fee is at most a twentieth", 20 * fee <= matched, feeing, matched >= 0, product(500 - share, matched))
    for world_won in (True, False):
        to_winners = winners + matched - fee + (pot if world_won else 0)
        to_creator = fee + (0 if world_won else pot)
        prove(
            f"all shares sum to what came in when {'the World' if world_won else 'Leela'} wins",
            to_winners + (losers - matched) + to_creator == winners + losers + pot,
        )
    bounded = And(pools, fee >= 0, fee <= matched, matched >= 0, matched <= losers, stake > 0, stake <= POOL)
    won = matched - fee + pot
    prove("a winner's product stays below 2^256", stake * won < 2**256, bounded, product(POOL - stake, won))
    rest = losers - matched
    prove("a loser's product stays below 2^256", stake * rest < 2**256, bounded, product(POOL - stake, rest))
    odds = Ints("odds")[0]
    small = And(odds >= 0, odds < 2**16, share >= 0, share <= 500)
    prove("so do odds times a pool", winners * odds < 2**256, pools, small, product(2**16 - odds, winners))
    prove("and a fee's", matched * share < 2**256, bounded, small, product(500 - share, matched))


# ---------------------------------------------------------------------------------------------------------------- Vote


class Count:
    """Vote.Count, and Vote's functions on it. `needed` is total * quorum."""

    def __init__(self, leader: Any, first: Any, second: Any, cast: Any) -> None:
        self.leader, self.first, self.second, self.cast = leader, first, second, cast

    def add(self, move: Any, move_weight: Any, weight: Any) -> Count:
        leads = move == self.leader
        overtakes = Or(move_weight > self.first, And(move_weight == self.first, move < self.leader))
        return Count(
            If(leads, self.leader, If(overtakes, move, self.leader)),
            If(leads, move_weight, If(overtakes, move_weight, self.first)),
            If(leads, self.second, If(overtakes, self.first, If(move_weight > self.second, move_weight, self.second))),
            self.cast + weight,
        )

    def choice(self, needed: Any) -> Any:
        return If(reaches(self.first, needed), self.leader, 0)

    def is_decided(self, total: Any, needed: Any) -> Any:
        rest = total - self.cast
        undecided = If(
            self.choice(needed) != 0, self.first > self.second + rest, Not(reaches(self.first + rest, needed))
        )
        return If(rest == 0, True, undecided)

    def weighs(self, move: Any, weight: Any) -> Any:
        """What is known of a move's weight: the leader's, or at most the second; a tie goes to the lower number."""
        other = And(
            weight >= 0, weight <= self.second, Implies(And(weight == self.first, weight > 0), self.leader < move)
        )
        return If(move == self.leader, weight == self.first, other)

    def is_sound(self, total: Any) -> Any:
        return And(
            And(self.leader >= 0, self.second >= 0, self.first >= self.second, self.first + self.second <= self.cast),
            And(self.cast <= total, (self.leader == 0) == (self.first == 0), (self.leader == 0) == (self.cast == 0)),
        )


def reaches(weight: Any, needed: Any) -> Any:
    return weight * BASIS_POINTS >= needed


def vote() -> None:
    compared("Vote")
    total, needed, move, before, weight, other, others = Ints("total needed move before weight other others")
    count = Count(*Ints("leader first second cast"))
    later = count.add(move, before + weight, weight)
    given = [
        And(total > 0, total <= POOL, needed >= 0, needed <= BASIS_POINTS * total),
        count.is_sound(total),
        # A ballot of a seat that has not voted, for a move that is one.
        And(move > 0, weight > 0, count.cast + weight <= total, before + weight <= count.cast + weight),
        count.weighs(move, before),
    ]
    another = And(other > 0, other != move, count.weighs(other, others), others + before <= count.cast)
    prove("a count of nothing is sound", Count(0, 0, 0, 0).is_sound(total), total > 0)
    prove("a ballot keeps a count sound", later.is_sound(total), *given)
    prove("a ballot's move weighs what the count says", later.weighs(move, before + weight), *given)
    prove("every other move weighs what the count says", later.weighs(other, others), *given, another)
    prove("no weight leaves its 80 bits", And(later.cast <= POOL, later.first <= POOL, later.second <= POOL), *given)
    decided = count.is_decided(total, needed)
    prove(
        "once decided, a ballot does not change what is played",
        later.choice(needed) == count.choice(needed),
        *given,
        decided,
    )
    prove("once decided, it stays decided", later.is_decided(total, needed), *given, decided)
    prove("once all have voted, it is decided", decided, count.is_sound(total), count.cast == total, total > 0)


if __name__ == "__main__":
    pool()
    vote()
    for line in states.check(states.sources()):
        print(f"proven: {line}")
