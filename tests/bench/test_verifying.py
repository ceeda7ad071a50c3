"""Gas is what a receipt says, and a verifier that is wrong is no result."""

import pytest

from bench import verifying


def verifier(body: str) -> str:
    return f"pragma solidity ^0.8.0; contract Verifier {{ fallback() external {{ {body} }} }}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "accepts a proof with another public word"), ("revert();", "refuses a proof that verifies here")],
)
def test_does_not_trust_a_verifier(body: str, reason: str) -> None:
    with pytest.raises(RuntimeError, match=reason):
        verifying.on_chain(verifier(body), b"\1", b"\2")


@pytest.mark.slow
def test_gas_is_the_receipts() -> None:
    measured = verifying.on_chain(verifier("if (msg.data[0] != 0x01) revert();"), b"\1", b"\2")
    assert 21_000 + 16 < measured["verify_gas"] < 22_000
    assert measured["runtime_code_bytes"] < 200
