"""Chains that are on the list, and those that are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.chain import chains, create
from server.chain.sender import GAS_LIMIT
from server.settings import LOCAL_CHAINS, ROOT, Environment, SettingsError


def settings(tmp_path: Path, **given: object) -> Environment:
    return Environment.read(data_dir=tmp_path, **given)


def test_a_chain_outside_the_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"CHAIN_ID: chain 137 is not on the list; listed are Ethereum \(1\), "):
        chains.check(settings(tmp_path, chain_id=137))
    assert chains.check(settings(tmp_path, chain_id=137, unlisted_chain=True)) is None
    for number in (1, 10, 8453, 42161, *LOCAL_CHAINS):
        found = chains.check(settings(tmp_path, chain_id=number))
        assert found is not None and found.chain_id == number


def test_periods_outlast_the_sequencer() -> None:
    for chain in chains.CHAINS.values():
        terms = chain.terms(create.BET)
        if chain.family in ("op", "arbitrum"):
            assert terms["provingPeriod"] >= 3 * 24 * 3600
            assert terms["votingPeriod"] >= 2 * chain.forced_inclusion >= 24 * 3600
        else:
            assert terms == create.BET
        assert set(terms) == set(create.BET) and terms["leelaPoolOpen"] is True


def test_periods_that_are_long_enough_stay() -> None:
    month = 30 * 24 * 3600
    assert chains.CHAINS[10].terms({"provingPeriod": month, "quorum": 1}) == {"provingPeriod": month, "quorum": 1}


def test_every_chain_takes_the_relays_transactions() -> None:
    assert all(chain.transaction_gas >= GAS_LIMIT for chain in chains.CHAINS.values())


def test_only_arbitrums_numbers_are_anothers() -> None:
    others = {chain.family for chain in chains.CHAINS.values() if not chain.own_block_numbers}
    assert others == {"arbitrum"}


def test_the_document_lists_every_chain() -> None:
    text = (ROOT / "docs" / "chains.md").read_text()
    assert all(str(number) in text for number in chains.CHAINS)
