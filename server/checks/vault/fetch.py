"""Asks nodes for everything that an audit of a vault reads, and makes one record of it. `evidence` checks it."""

from __future__ import annotations

from collections.abc import Sequence

from hexbytes import HexBytes
from web3 import Web3

from server.checks.audit.encoding import decode_transaction
from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import Reader, answers
from server.checks.audit.record import Record
from server.checks.vault import evidence


def fetch(
    nodes: Sequence[Node], vault: str, start_block: int = 0, anchor: str | None = None, show: bool = False
) -> Record:
    """A record of a vault, read from the first node; the arguments as for a game's.

    Raises SettingsError for an unknown anchor, NodeError if a node does not answer as it should, DisagreementError if
    nodes contradict each other.
    """
    with answers():
        return _Fetcher(nodes, Web3.to_checksum_address(vault), start_block, anchor, show).record()


class _Fetcher(Reader):
    def record(self) -> Record:
        creation = self.creation()
        if creation is None:
            raise NodeError(
                f"the transaction that created {self.contract} was not found from block {self.start} on (VAULT_BLOCK): "
                "the node has forgotten it, or another contract did it. It holds the vault's terms"
            )
        self.start = creation["block"]
        logs = self.logs(list(evidence.topics().values()), None)
        transactions = [entry for entry, _, _ in self.transactions(logs)]
        decided = evidence.topics()["Decided"]
        hours = [int(log["topics"][1], 16) for log in logs if log["topics"][0] == decided]
        made = decode_transaction(bytes(HexBytes(creation["transaction"]["raw"])))
        terms = evidence.created_with(made.data, self.chain_id)
        verifier = [] if terms is None else [Web3.to_checksum_address(terms["verifier"])]
        accounts, storage = self.state([self.contract, *verifier], evidence.slots(hours))
        return self.tied_record(transactions=transactions, creation=creation, accounts=accounts, storage=storage)
