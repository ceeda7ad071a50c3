"""The trusted setup of the proofs, and the cache in which setups and keys are kept.

A proof is as good as the setup is secret. One made from a seed is insecure by construction and says so: it is for local
chains and tests. Real stakes need the file of a public ceremony.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from engine import _halo2


@dataclass(frozen=True)
class Setup:
    """Where the setup comes from; `parameters` makes it."""

    name: str
    insecure: bool
    _make: Callable[[int], _halo2.Parameters]

    @classmethod
    def from_seed(cls, seed: int) -> Setup:
        """An INSECURE setup: whoever knows the seed (0 .. 2^64 - 1) can prove anything."""
        return cls(f"insecure-{seed}", True, lambda k: _halo2.Parameters.insecure(seed, k))

    def parameters(self, k: int, cache: Path) -> _halo2.Parameters:
        """The parameters for 2^k rows, made once and then read from the cache."""
        made: list[_halo2.Parameters] = []

        def make() -> bytes:
            made.append(self._make(k))
            return made[0].to_bytes()

        data = cached(cache / f"setup-{self.name}-{k}", make)
        return made[0] if made else _halo2.Parameters.from_bytes(data)


def cached(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes kept at `path`, or those that `make` makes, which are then kept there.

    The file starts with the SHA-256 of the rest; one that does not match (damaged, half written) is made again. It is
    written beside its place and moved there, so that a kill leaves the old one or the new one. Two processes that want
    the same file take turns. Raises OSError naming the file if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")):
        data = path.read_bytes() if path.exists() else b""
        if len(data) > 32 and hashlib.sha256(data[32:]).digest() == data[:32]:
            return data[32:]
        data = make()
        try:
            _replace(path, hashlib.sha256(data).digest() + data)
        except OSError as error:
            raise OSError(error.errno, f"cannot keep {len(data)} bytes ({error.strerror})", str(path)) from error
        return data


def _replace(path: Path, data: bytes) -> None:
    """Writes a file so that it is whole or not there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
