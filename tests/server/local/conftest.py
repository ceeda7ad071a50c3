from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.policy import Network
from server.local.probe import unused_port
from server.settings import Environment

Env = Callable[..., Environment]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.safetensors"
    Network.random("tiny", planes=15, channels=8, convolutions=1, seed=1, shift=13, zero=4096).save(path)
    return path


@pytest.fixture
def env(tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch) -> Env:
    """Settings of a stack on free ports; keywords set others."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def make(**values: Any) -> Environment:
        ports = {"port": unused_port(), "chain_port": unused_port()}
        folders = {"data_dir": tmp_path / "data", "cache_dir": network.parent / "cache", "network": network}
        return Environment.read(**{**ports, **folders, **values})

    return make
