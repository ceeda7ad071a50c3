"""A vault on a real chain with real proofs, and an audit that finds what is false of it."""

from __future__ import annotations

import json

import pytest

from server.chain.vault import Vault, check_network, check_verifier
from server.checks.audit.node import Node
from server.checks.simulate.vault import Simulation, local_chain, simulate_vault
from server.checks.vault import command, evidence
from server.checks.vault.audit import audit
from server.checks.vault.fetch import fetch
from server.settings import Environment, SettingsError

HOURS = 2


@pytest.mark.slow
def test_every_trade_is_proven_and_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    with local_chain() as url:
        run = Simulation(url, HOURS, 1)
        figures = run.run()  # raises SimulationError if tokens are missing or features differ from the contract's
        facts = evidence.check(fetch([Node(run.w3)], run.vault.address))
        found = audit(facts, run.network, run.prover.verify)
        assert found["false"] == [] and found == figures["audit"]
        assert figures["trades"] + figures["holds"] == HOURS and figures["trades"] > 0
        assert found["decisions"] == found["proofs"] == figures["trades"]
        assert figures["proof_seconds"] > 0 and figures["gas"]["decide"] < 1_000_000

        # A proof that is not accepted, another network, and a state that hides a holding are all found.
        denied = audit(facts, run.network, lambda words, proof: False)
        assert len(denied["false"]) == figures["trades"] and "the proof is not valid" in denied["false"][0]
        other = type(run.network).dense(
            [layer[::-1] for layer in run.network._dense], [layer.biases[::-1] for layer in run.network.layers]
        )
        foreign = audit(facts, other, run.prover.verify)
        assert "the vault names the network" in foreign["false"][0]

        # The command says the same; it finds a verifier whose code was exchanged, and so does a keeper.
        newest = run.w3.eth.get_block("latest")["hash"].to_0x_hex()
        assert command.run([url], run.vault.address, None, newest, as_json=True) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["decisions"] == figures["trades"] and told["blockHash"] == newest and told["trusted"] is None
        assert command.run([url], run.vault.address, None) == 0
        assert capsys.readouterr().out.startswith("TRUSTED: the node, for the hash of the newest block")
        run.w3.provider.make_request("anvil_setCode", [run.vault.contract.functions.verifier().call(), "0x00"])
        run.w3.provider.make_request("evm_mine", [])  # a header with the state's new root
        assert command.run([url], run.vault.address, None) == 1
        assert "FALSE: the verifier at" in capsys.readouterr().out
        with pytest.raises(SettingsError, match="is not the one that this network and setup make"):
            check_verifier(run.vault, run.prover, Environment.read().cache_dir)
        with pytest.raises(SettingsError, match="ours is"):
            check_network(run.vault, other)
        with pytest.raises(SettingsError, match="is no vault"):
            Vault(run.w3, run.market.base.address)

        # A keeper that is too late sends nothing.
        keeper = run.keeper(holds=True)
        run.w3.provider.make_request("evm_setNextBlockTimestamp", [(run.vault.hour() + 100) * 3600])
        run.w3.provider.make_request("evm_mine", [])
        assert keeper.decide() is None


@pytest.mark.parametrize(("hours", "seed"), [(0, 1), (5001, 1), (1, -1), (1, 1 << 32)])
def test_senseless_simulations_are_refused(hours: int, seed: int) -> None:
    with pytest.raises(SettingsError, match="is not between"):
        simulate_vault(hours, seed)
