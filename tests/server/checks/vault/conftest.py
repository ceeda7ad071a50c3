from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from web3 import Web3

from server.chain.node import connect
from server.checks.audit.node import Node
from server.checks.audit.record import Record
from server.checks.vault.fetch import fetch
from server.keys import address_of
from server.local.probe import rpc
from tests.server.scripted import chain
from tests.server.table import OTHER_RELAY, OWNER, Table
from tests.server.vaults import LocalVault


class Bare:
    """As much of a table as a vault needs: a chain, and two accounts with money."""

    def __init__(self, url: str) -> None:
        self.url, self.w3 = url, connect(url)
        for key in (OWNER, OTHER_RELAY):
            self.rpc("anvil_setBalance", address_of(key), hex(Web3.to_wei(1000, "ether")))

    def rpc(self, method: str, *params: Any) -> Any:
        return rpc(self.url, method, *params)


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalVault]:
    """A vault that decided twice, and that somebody joined and left in part. No test changes it or its chain."""
    with chain(tmp_path_factory.mktemp("vault")) as url:
        kept = LocalVault(cast(Table, Bare(url)))
        keeper = kept.keeper()
        for _ in range(2):
            keeper.record()
            assert keeper.decide() is not None
            kept.pass_hour()
        kept.owner.send(kept.call.deposit(10**18, 10**30, 10**30, kept.owner.address))
        kept.owner.send(kept.call.redeem(5 * 10**17, kept.owner.address))
        yield kept


@pytest.fixture(scope="package")
def record(kept: LocalVault) -> Record:
    return fetch([Node(kept.w3)], kept.vault.address, kept.block)
