from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from server.chain import contracts
from server.chain.contracts import abi, artifact, compile_verifier, is_code_of, state_of
from server.settings import SettingsError

LICENSE = "// SPDX-License-Identifier: GPL-3.0-or-later\n"
SOURCE = LICENSE + "pragma solidity ^0.8.30;\ncontract Verifier { fallback() external {} }"


def test_contracts_that_are_not_built_are_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contracts, "CONTRACTS", tmp_path)
    (tmp_path / "out" / "Broken.sol").mkdir(parents=True)
    (tmp_path / "out" / "Broken.sol" / "Broken.json").write_text("{")
    for name in ("Missing", "Broken"):
        with pytest.raises(SettingsError, match=rf"{name}\.json is missing or damaged.*run `make setup`"):
            artifact(name)


def test_the_abi_has_the_errors_of_rules_and_nothing_twice() -> None:
    errors = [entry["name"] for entry in abi() if entry["type"] == "error"]
    assert {entry["name"] for entry in artifact("Rules")["abi"] if entry["type"] == "error"} <= set(errors)
    assert len(errors) == len(set(errors))


def test_code_is_ours_whatever_its_immutable_values_and_no_other_byte() -> None:
    compiled = artifact("Game")["deployedBytecode"]
    code = bytearray.fromhex(compiled["object"].removeprefix("0x"))
    places = [place for group in compiled["immutableReferences"].values() for place in group]
    assert places, "the game contract has immutable values"
    for place in places:
        code[place["start"] : place["start"] + place["length"]] = b"\x77" * place["length"]
    assert is_code_of("Game", bytes(code))
    inside = {byte for place in places for byte in range(place["start"], place["start"] + place["length"])}
    for byte in (0, len(code) // 2, len(code) - 1):
        assert byte not in inside
        changed = bytearray(code)
        changed[byte] ^= 1
        assert not is_code_of("Game", bytes(changed))
    assert not is_code_of("Game", bytes(code[:-1])) and not is_code_of("Game", b"")
    assert not is_code_of("Rules", bytes(code))


def test_a_state_is_a_name_and_no_game_is_none() -> None:
    assert state_of(SimpleNamespace(state=0)) is None
    assert (state_of(SimpleNamespace(state=1)), state_of(SimpleNamespace(state=5))) == ("lobby", "over")


def test_a_verifier_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = compile_verifier(SOURCE, tmp_path)
    assert made.creation.endswith(made.runtime.removeprefix("0x")) and len(made.runtime) > 10
    (kept,) = (tmp_path / "verifiers").iterdir()
    kept.write_text(kept.read_text()[:-9])
    assert compile_verifier(SOURCE, tmp_path) == made, "a damaged file is made again"

    def run(*arguments: object, **options: object) -> None:
        raise AssertionError("the compiler was called again")

    monkeypatch.setattr(subprocess, "run", run)
    assert compile_verifier(SOURCE, tmp_path) == made


def test_why_a_verifier_does_not_compile_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"(?s)it does not compile: .*Expected"):
        compile_verifier("contract {", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"CACHE_DIR: .* cannot be written"):
        compile_verifier(SOURCE, tmp_path / "file")
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(contracts, "CONTRACTS", tmp_path)
    with pytest.raises(SettingsError, match=r"nothing can be compiled by .*solc.*; run `make setup`"):
        compile_verifier(SOURCE, tmp_path / "other")
