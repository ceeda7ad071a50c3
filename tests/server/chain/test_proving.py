from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import encoding, prover
from engine.policy import Network
from server.chain import proving
from server.settings import Environment, SettingsError

Env = Callable[..., Environment]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network; its setup and verifier are kept in it."""
    folder = tmp_path_factory.mktemp("proving")
    Network.random("tiny", encoding.INPUT_PLANES, 8, 2, 1, 10, 512).save(folder / "tiny.safetensors")
    return folder


@pytest.fixture
def env(folder: Path) -> Env:
    def make(**values: Any) -> Environment:
        return Environment.read(**{"network": folder / "tiny.safetensors", "cache_dir": folder, **values})

    return make


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert proving.hash_of(tmp_path / "abc").startswith("0xba7816bf")
    with pytest.raises(SettingsError, match="nothing cannot be read"):
        proving.hash_of(tmp_path / "nothing")


def test_the_setting_at_fault_is_named(tmp_path: Path, env: Env) -> None:
    (tmp_path / "bad").write_bytes(b"no network")
    with pytest.raises(SettingsError, match=r"^NETWORK: "):
        proving.make_prover(env(network=tmp_path / "bad"))
    (tmp_path / "setup").write_bytes(b"no setup")
    with pytest.raises(SettingsError, match=r"^SETUP_HASH: missing"):
        proving.make_prover(env(setup=tmp_path / "setup"))
    with pytest.raises(SettingsError, match=r"^SETUP: "):
        proving.make_prover(env(setup=tmp_path / "setup", setup_hash="00" * 64))
    with pytest.raises(SettingsError, match=r"^CACHE_DIR: "):
        proving.make_prover(env(cache_dir=tmp_path / "setup"))


def test_too_little_memory_is_not_put_down_to_the_network(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    def derive(network: object, parameters: object) -> None:
        raise MemoryError("the keys and a proof need 900 MB of memory and 100 MB are free")

    native = SimpleNamespace(Network=prover._halo2.Network, Keys=SimpleNamespace(derive=derive))
    monkeypatch.setattr(prover, "_halo2", native)
    with pytest.raises(SettingsError, match=r"^the keys and a proof need 900 MB"):
        proving.make_prover(env())


@pytest.mark.slow
def test_a_verifier_is_made_once_for_each_network(env: Env, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, told = folder / "tiny.safetensors", list[str]()
    made = proving.verifier(env(), network, told.append)
    assert told[0] == "setup 0%" and told[-1] == "keys 100%"
    assert made.network_hash == proving.hash_of(network) and made.insecure

    ours = proving.make_prover(env())
    assert made.source == ours.verifier_source()
    sample = bytes.fromhex(made.sample.removeprefix("0x"))
    words = [int.from_bytes(sample[start : start + 32], "big") for start in range(0, 31 * 32, 32)]
    assert words[30] == 0 and ours.verify(words, sample[31 * 32 :]), "a proof of no game"

    def make(*arguments: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr(proving, "_make", make)
    assert proving.verifier(env(), network, told.append) == made
    other = folder / "other.safetensors"
    Network.random("other", encoding.INPUT_PLANES, 8, 2, 2, 10, 512).save(other)
    with pytest.raises(AssertionError, match="made again"):
        proving.verifier(env(), other, told.append)
    (kept,) = (folder / "verifiers").glob("*.json")
    kept.write_text("{}")
    with pytest.raises(SettingsError, match=r"CACHE_DIR: .* is damaged; remove it"):
        proving.verifier(env(), network, told.append)
