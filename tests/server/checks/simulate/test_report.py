from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from server.checks.simulate.plan import FUND, POT, REWARD, TERMS, wallets
from server.checks.simulate.report import Played, SimulationError, report
from server.model.payout import Stake, payout

WALLETS = wallets(6, 1)
DOCUMENT = {
    "id": 0,
    "ply": 2,
    "outcome": "world",
    "reason": "checkmate",
    "moves": [{"by": "leela", "proof": {"gas": 1}}, {"by": "world", "proof": None}],
}
AUDITED = {"ok": True, "problems": [], "unchecked": [], "proofs": 1}
STAKES = {wallet.account.address: Stake(wallet.side, wallet.stake) for wallet in WALLETS}
DUE = payout("world", STAKES, int(TERMS["maxOdds"]), int(TERMS["fee"]), POT)
PLAYED = Played(1, WALLETS, DOCUMENT, [2.5], sum(DUE.stakers.values()) + DUE.fee + FUND, DUE.dust)


def test_the_numbers_of_a_game_add_up() -> None:
    numbers = report(PLAYED, AUDITED)
    amount = {name: int(numbers[name]) for name in ("staked", "pot", "paid", "fee", "dust", "fund", "rewards")}
    assert amount["staked"] + amount["pot"] == amount["paid"] + amount["fee"] + amount["dust"]
    assert (amount["rewards"], amount["fund"]) == (REWARD, FUND)
    assert (numbers["seats"], numbers["provenMoves"], numbers["leelaSecondsWorst"]) == (4, 1, 2.5)


@pytest.mark.parametrize(
    ("played", "audited", "complaint"),
    [
        (PLAYED, AUDITED | {"ok": False, "problems": ["a vote"]}, "the audit found: a vote"),
        (PLAYED, AUDITED | {"proofs": 2}, "without its proof"),
        (
            replace(PLAYED, document=DOCUMENT | {"moves": [{"by": "leela", "proof": None}]}),
            AUDITED,
            "without its proof",
        ),
        (replace(PLAYED, dust=PLAYED.dust + 1), AUDITED, "staked + pot is not paid"),
        (replace(PLAYED, paid=PLAYED.paid - 1), AUDITED, "what was claimed is not what is due"),
    ],
)
def test_what_does_not_add_up_is_said(played: Played, audited: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SimulationError, match=re.escape(complaint)):
        report(played, audited)
