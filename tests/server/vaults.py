"""A vault on a chain of a test: Uniswap's byte code, and a verifier that believes everything."""

from __future__ import annotations

from typing import Any

from web3 import Web3

from engine.dense import Network
from engine.rockefeller.hours import FEATURES
from server.chain.sender import Sender
from server.chain.vault import NETWORK, START_TICK, Vault, VaultTerms, deploy_market, deploy_vault
from server.model.vault import BOUNDARIES
from server.processes.keeper import Keeper, Prove
from server.store.records import StoredDecision
from tests.server.table import OTHER_RELAY, OWNER, Table

PROOF = b"\xab" * 64
ETHER = 10**18
FIRST = (100 * ETHER, 240_000 * ETHER)


class LocalVault:
    """A vault with two shareholders' worth of tokens and 37 hours of prices, none of them recorded yet."""

    def __init__(self, table: Table) -> None:
        self.table, self.w3 = table, table.w3
        self.owner = Sender(self.w3, OWNER, "OWNER_KEY")
        self.network = Network.load(NETWORK, FEATURES)
        self.market = deploy_market(self.w3, self.owner)
        self.block = int(self.w3.eth.block_number)
        self.fees = self.owner.fees()
        sample = bytes(16 * 32) + PROOF
        code = (
            f"5f54603457365f5f37365f207f{Web3.keccak(sample).hex()}146034575f5ffd5b00"  # as tests.server.table has it
        )
        creation = "0x61" + (len(code) // 2).to_bytes(2, "big").hex() + "80600a3d393df3" + code
        made = deploy_vault(self.w3, self.owner, VaultTerms.local(self.market), creation, sample, self.network.hash)
        self.vault: Vault = made
        table.rpc("anvil_setStorageAt", self.call.verifier().call(), "0x0", "0x" + f"{1:064x}")
        for n in range(BOUNDARIES):
            self.pass_hour(START_TICK + 37 * n % 200)
        for token, amount in zip((self.market.base, self.market.quote), FIRST, strict=True):
            self.owner.send(token.functions.mint(self.owner.address, 2 * amount))
            self.owner.send(token.functions.approve(made.address, 2 * amount))
        self.owner.send(self.call.deposit(0, *FIRST, self.owner.address))

    @property
    def call(self) -> Any:
        return self.vault.contract.functions

    def pass_hour(self, tick: int | None = None) -> int:
        """Goes to the begin of the next hour, and trades there; its number."""
        hour = self.vault.hour() + 1
        self.table.rpc("evm_setNextBlockTimestamp", hour * self.vault.seconds)
        push = self.market.push(self.market.tick() if tick is None else tick)
        self.owner.send_draft(self.owner.draft(push, gas=1_000_000), self.fees)
        return hour

    def proven(self, bucket: int, payee: str) -> StoredDecision:
        """What passes for a proof of a bucket."""
        bitmap = [0, 0, 0, 0]
        bitmap[bucket // 3] = 1 << 72 * (2 - bucket % 3) + 10
        words = tuple(f"0x{word:x}" for word in bitmap)
        return StoredDecision(bucket=bucket, bitmap=words, proof="0x" + PROOF.hex(), payee=payee, seconds=1.5)

    def chosen(self, hour: int) -> int:
        """What the network says of an hour."""
        features = self.vault.features(hour)
        assert features is not None
        return int(self.network.classify(features[None])[0])

    def keeper(self, prove: Prove | None = None, holds: bool = True) -> Keeper:
        """A keeper that is given proofs at once."""
        sender = Sender(self.w3, OTHER_RELAY, "KEEPER_KEY")
        at_once: Prove = lambda hour, features, payee: self.proven(self.chosen(hour), payee)  # noqa: E731
        return Keeper(self.vault, self.network, sender, sender.address, prove or at_once, holds)
