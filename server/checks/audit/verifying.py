"""Judges the network's proofs on this machine.

With the network's file and the setup, `native` derives the keys and verifies each proof by the prover's own verifier,
and makes the contract's verifier again to compare its code. Without them, `in_evm` runs the registered code, which
`evidence` has proven, in an EVM of this machine: that shows what the contract saw, not where the verifier comes from.
No node's answer takes part in either.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3RPCError

from engine.console import Bar
from engine.words import SCALAR_FIELD
from server.chain import proving
from server.chain.contracts import compile_verifier
from server.chain.node import connect
from server.checks.audit.evidence import Facts
from server.checks.audit.game import Judge, Origin
from server.local.anvil import anvil
from server.local.children import Child, stop
from server.local.probe import rpc, rpc_answers, unused_port
from server.settings import Environment, SettingsError, check_setup, network_of

BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""Coordinates of BN254's points are below it."""
VERIFIER_GAS = 2_000_000
"""What the contract gives the verifier."""
HALTS = ("gas", "revert", "opcode", "stack", "jump", "evm")
"""A node's error holds one of these words if the code halted; a point off the curve, for example, burns all the gas."""


@contextlib.contextmanager
def judge(facts: Facts, network: Path | None) -> Iterator[tuple[Judge, Origin | None]]:
    """The judge of a game's proofs, and the verifier made again if network and setup are at hand.

    `network` is the file that must be the game's; without it the settings' network is taken if it is the game's.
    Raises SettingsError for a network or a setup that cannot be used.
    """
    registered = next((event.args for event in facts.events if event.name == "ModelAdded"), None)
    if network is None and registered is not None:
        network = _at_hand(HexBytes(registered["networkHash"]).to_0x_hex(), bool(registered["insecure"]))
    if network is not None:
        yield native(network, facts.chain_id)
        return
    verifier = None if registered is None else str(registered["verifier"])
    with in_evm(b"" if verifier is None else facts.code.get(verifier, b"")) as by_code:
        yield by_code, None


def _at_hand(network_hash: str, insecure: bool) -> Path | None:
    """The settings' network, if it is the registered one and its setup can be made; else None."""
    env = Environment.read()
    if not insecure and env.setup is None:
        return None
    try:
        file = network_of(env)
        return file if proving.hash_of(file) == network_hash else None
    except SettingsError:
        return None


def native(network: Path, chain_id: int) -> tuple[Judge, Origin]:
    """The prover's own verifier, with keys derived now. Raises SettingsError."""
    env = Environment.read(network=network, chain_id=chain_id)
    check_setup(env)
    with Bar("audit", 100, "%", every=5) as bar:
        show = lambda step, fraction: bar.advance(round(100 * fraction) - bar.done, step=step)  # noqa: E731
        prover = proving.make_prover(env, show)
    made = compile_verifier(prover.verifier_source(), env.cache_dir)
    origin = Origin("0x" + prover.network_hash.hex(), prover.setup.insecure, bytes(HexBytes(made.runtime)))

    def verify(words: Sequence[int], proof: bytes) -> bool:
        return prover.verify(words, canonical(proof))

    return verify, origin


def canonical(proof: bytes) -> bytes:
    """A proof with its scalars reduced. The contract's verifier reduces them; the native one takes reduced ones only.

    A word that is no coordinate (not below the base field's order) can only be a scalar; a scalar between the two
    orders is taken for a coordinate, and refused. Bytes after the last whole word are dropped.
    """
    words = (int.from_bytes(proof[start : start + 32], "big") for start in range(0, len(proof) - 31, 32))
    return b"".join((word if word < BASE_FIELD else word % SCALAR_FIELD).to_bytes(32, "big") for word in words)


@contextlib.contextmanager
def in_evm(code: bytes) -> Iterator[Judge]:
    """Runs a verifier's code on a chain of this machine that holds nothing else; started with the first proof.

    Raises SettingsError for code that no contract can have.
    """
    address = "0x" + "50" * 20
    with contextlib.ExitStack() as stack:
        chains: list[Web3] = []

        def start() -> Web3:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="proofmate-"))
            port = unused_port()
            url = f"http://127.0.0.1:{port}"
            command = [str(anvil()), "--port", str(port), "--accounts", "0"]
            child = Child("chain", command, Path(folder) / "chain.log")
            stack.callback(lambda: stop([child], 5))
            child.start()
            child.await_ready(lambda: rpc_answers(url), 30)
            try:
                rpc(url, "anvil_setCode", address, "0x" + code.hex())
            except (httpx.HTTPError, ValueError):
                raise SettingsError("the verifier's code is none that a chain takes") from None
            chains.append(connect(url))
            return chains[0]

        def verify(words: Sequence[int], proof: bytes) -> bool:
            w3 = chains[0] if chains else start()
            data = b"".join(word.to_bytes(32, "big") for word in words) + proof
            call = {"to": Web3.to_checksum_address(address), "data": HexBytes(data), "gas": VERIFIER_GAS}
            try:
                w3.eth.call(call)  # type: ignore[arg-type]
            except ContractLogicError:
                return False
            except Web3RPCError as error:
                if any(word in error.message.lower() for word in HALTS):
                    return False
                raise  # a fault of the chain says nothing of the proof
            return True

        yield verify
