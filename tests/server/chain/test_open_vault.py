"""`proofmate open-vault`: a vault on a real pool with its real verifier, or a sentence and no vault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web3 import Web3

from server import cli
from server.chain.node import connect
from server.chain.sender import Sender
from server.chain.vault import POOL_FEE, LocalMarket, Vault, deploy_market
from tests.server.scripted import account, chain

NOBODY = "0x" + "12" * 20


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web3, LocalMarket]]:
    with chain(tmp_path_factory.mktemp("vault")) as url:
        w3 = connect(url)
        yield w3, deploy_market(w3, Sender(w3, account(w3, "owner").key.to_0x_hex(), "OWNER_KEY"))


@pytest.fixture(autouse=True)
def settings(market: tuple[Web3, LocalMarket], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    w3, _ = market
    monkeypatch.setenv("RPC_URL", str(w3.provider.endpoint_uri))  # type: ignore[attr-defined]
    monkeypatch.setenv("OWNER_KEY", account(w3, "owner").key.to_0x_hex())
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def asked(market: LocalMarket, **changes: str) -> list[str]:
    """The command's arguments."""
    given = {"factory": market.factory, "base": str(market.base.address), "quote": str(market.quote.address)}
    return ["open-vault", *(part for name, value in (given | changes).items() for part in (f"--{name}", value))]


@pytest.mark.slow
def test_a_vault_is_opened(market: tuple[Web3, LocalMarket], capsys: pytest.CaptureFixture[str]) -> None:
    w3, made = market
    assert cli.main([*asked(made), "--reward", "7", "--reward-cap", "2.5"]) == 0
    printed = dict(line.split("=") for line in capsys.readouterr().out.splitlines())
    vault = Vault(w3, printed["VAULT"])
    call = vault.contract.functions
    assert (vault.base, vault.quote, vault.seconds) == (made.base.address, made.quote.address, 3600)
    assert (call.rewardBasisPoints().call(), call.rewardCap().call()) == (7, 25 * 10**17)
    assert int(printed["VAULT_BLOCK"]) == w3.eth.block_number
    code = w3.eth.get_code(call.verifier().call())
    assert Web3.keccak(code) == call.codeHash().call()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"factory": "here"}, "--factory: 'here' is not an address"),
        ({"factory": NOBODY}, f"--factory: {NOBODY} is no factory of Uniswap v3"),
        ({"base": NOBODY}, f"--fee: the factory has no pool of these tokens at {POOL_FEE} millionths"),
        ({"fee": "3000"}, "--fee: the factory has no pool of these tokens at 3000 millionths"),
        ({"reward": "11"}, "--reward: 11 basis points; the contract takes 0 to 10"),
        ({"reward-cap": "much"}, "--reward-cap: 'much' is no amount of the quote token"),
        ({"reward-cap": "0.0000000000000000001"}, "is no amount of the quote token"),
        ({"reward-cap": "-1"}, "--reward-cap: '-1' is no amount of the quote token"),
        ({"reward-cap": "NaN"}, "--reward-cap: 'NaN' is no amount of the quote token"),
    ],
)
def test_a_sentence_and_no_vault(
    market: tuple[Web3, LocalMarket], capsys: pytest.CaptureFixture[str], changes: dict[str, str], complaint: str
) -> None:
    w3, made = market
    before = w3.eth.block_number
    arguments = asked(made, **{name: value for name, value in changes.items() if value != "-1"})
    assert cli.main([*arguments, *(f"--{name}=-1" for name, value in changes.items() if value == "-1")]) == 2
    assert complaint in capsys.readouterr().err
    assert w3.eth.block_number == before


def test_an_insecure_setup_is_for_local_chains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chain(tmp_path, chain_id=10) as url:
        monkeypatch.setenv("RPC_URL", url)
        assert cli.main(["open-vault", "--factory", NOBODY, "--base", NOBODY, "--quote", NOBODY]) == 2
    assert "SETUP: missing; with an insecure setup anyone can forge" in capsys.readouterr().err


def test_it_wants_a_key_and_a_chain(
    market: tuple[Web3, LocalMarket], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OWNER_KEY")
    assert cli.main(asked(market[1])) == 2
    assert "OWNER_KEY: missing" in capsys.readouterr().err
    monkeypatch.setenv("RPC_URL", "http://127.0.0.1:9")
    assert cli.main(asked(market[1])) == 2
    assert "RPC_URL: no chain answers" in capsys.readouterr().err
