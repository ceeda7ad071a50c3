"""Nodes that lie about a vault: each lie is caught or disclosed, and none is agreed to."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import DisagreementError
from server.checks.audit.report import exit_code
from server.checks.audit.tied import FindingError
from server.checks.vault import evidence
from server.checks.vault.audit import audit
from server.checks.vault.fetch import fetch
from server.settings import SettingsError
from tests.server.checks.audit.test_evidence import flip
from tests.server.vaults import LocalVault

Lie = Callable[[str, Sequence[Any], Any], Any]


def answer_of(kept: LocalVault, lie: Lie, anchor: str | None = None) -> int:
    """The exit code of an audit that asks a node which lies."""

    class Liar(Node):
        def ask(self, method: str, *params: Any) -> Any:
            return lie(method, params, copy.deepcopy(super().ask(method, *params)))

    given = anchor or kept.w3.eth.get_block("latest")["hash"].to_0x_hex()
    try:
        record = fetch([Liar(kept.w3)], kept.vault.address, kept.block, given)
        found = audit(evidence.check(record, given), kept.network, lambda words, proof: len(proof) == 64)
    except FindingError:
        return 1
    except NodeError:
        return 2
    return exit_code(found["unchecked"], found["false"])


def dropped(name: str, every: bool = False) -> Lie:
    """Logs of an event are missing: the last, or all."""

    def lie(method: str, params: Sequence[Any], result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        places = [n for n, log in enumerate(result) if log["topics"][0] == evidence.topics()[name]]
        return [log for n, log in enumerate(result) if n not in (places if every else places[-1:])]

    return lie


def altered(method: str, change: Callable[[Any], Any]) -> Lie:
    return lambda asked, params, result: change(result) if asked == method and result else result


def other_receipts(receipts: Any) -> Any:
    for receipt in receipts:
        for log in receipt["logs"]:
            log["data"] = flip(log["data"], -1)
    return receipts


def other_inputs(block: Any) -> Any:
    for transaction in block["transactions"]:
        if isinstance(transaction, dict) and transaction["to"] and len(transaction["input"]) > 600:
            transaction["input"] = flip(transaction["input"], 290)
    return block


def other_words(answer: Any) -> Any:
    for part in answer["storageProof"]:
        part["proof"][-1] = flip(part["proof"][-1], -1)
    return answer


def refused(method: str, params: Sequence[Any], result: Any) -> Any:
    if method == "eth_getProof":
        raise NodeError("not offered")
    return result


LIES: dict[str, tuple[Lie, int]] = {
    "the truth": (lambda method, params, result: result, 0),
    "a decision is missing": (dropped("Decided"), 1),
    "all decisions are missing": (dropped("Decided", every=True), 1),
    "a deposit is missing": (dropped("Deposited"), 1),
    "a redemption is missing": (dropped("Redeemed"), 1),
    "nothing happened": (altered("eth_getLogs", lambda logs: []), 1),
    "other events": (altered("eth_getBlockReceipts", other_receipts), 1),
    "other proofs": (altered("eth_getBlockByNumber", other_inputs), 1),
    "other times": (altered("eth_getBlockByNumber", lambda block: {**block, "timestamp": "0x1"}), 1),
    "other storage": (altered("eth_getProof", other_words), 1),
    "other code": (altered("eth_getCode", lambda code: flip(code, 50) if len(code) > 102 else code), 1),
    "no proofs of the state": (refused, 2),
    "no receipts": (altered("eth_getBlockReceipts", lambda receipts: None), 0),  # asked for one by one instead
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_caught_or_disclosed(kept: LocalVault, name: str) -> None:
    lie, expected = LIES[name]
    assert answer_of(kept, lie) == expected


def test_an_older_block_is_another_audit(kept: LocalVault) -> None:
    """As of a block before the last events the vault agrees too: what came later is not of it."""
    number = kept.w3.eth.block_number - 1
    assert answer_of(kept, LIES["the truth"][0], kept.w3.eth.get_block(number)["hash"].to_0x_hex()) == 0


def test_what_is_no_vault(kept: LocalVault) -> None:
    token = kept.market.base.address
    with pytest.raises(FindingError, match="is not this checkout's vault"):
        evidence.check(fetch([Node(kept.w3)], token, 0))
    with pytest.raises(NodeError, match="was not found"):
        fetch([Node(kept.w3)], "0x" + "12" * 20, 0)
    with pytest.raises(SettingsError, match="knows no block"):
        fetch([Node(kept.w3)], kept.vault.address, 0, "0x" + "12" * 32)


def test_nodes_that_disagree(kept: LocalVault) -> None:
    class Other(Node):
        def ask(self, method: str, *params: Any) -> Any:
            result = super().ask(method, *params)
            return {**result, "hash": "0x" + "12" * 32} if method == "eth_getBlockByNumber" else result

    with pytest.raises(DisagreementError):
        fetch([Node(kept.w3), Other(kept.w3)], kept.vault.address, kept.block)
