"""The trusted setup of the proofs, and the cache in which setups are kept.

A proof means something only if nobody knows the secret of its setup. A setup made from a seed gives the secret away and
is labelled insecure: it is for local chains and tests. Real stakes need the file of a public ceremony.
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
from engine.ceremonies import digest_of


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

    @classmethod
    def from_ceremony(cls, path: Path, digest: str) -> Setup:
        """The setup of a public ceremony, from its file of powers of tau (.ptau, BN254, as snarkjs writes it).

        `digest` is the file's BLAKE2b-512 in hex, as the ceremony published it, or a name that `ceremonies` knows, such
        as "hermez-17". The file is read once, hashed and checked (points, subgroup, pairings, contributions, a tau that
        anybody can find) when the parameters are first made; ValueError says what is wrong.
        """
        digest = digest_of(digest)
        return cls(f"ceremony-{digest[:32]}", False, lambda k: _halo2.Parameters.ceremony(path, digest, k))

    def parameters(self, k: int, cache: Path) -> _halo2.Parameters:
        """The parameters for 2^k rows, made once and then read from the cache.

        Cached parameters are used if their points are on the curve and the powers of one tau (a pairing shows it); else
        they are made again.
        """
        made: list[_halo2.Parameters] = []

        def make() -> bytes:
            made.append(self._make(k))
            return made[0].to_bytes()

        path = cache / f"setup-{self.name}-{k}"
        data = cached(path, make)
        if not made:
            try:
                return _halo2.Parameters.from_bytes(data)
            except ValueError:
                path.unlink(missing_ok=True)
                data = cached(path, make)
        return made[0] if made else _halo2.Parameters.from_bytes(data)


def cached(path: Path, make: Callable[[], bytes]) -> bytes:
    """The bytes kept at `path`, or those that `make` makes, which are then kept there.

    The file starts with the SHA-256 of its name and the rest; one that does not match (damaged, renamed), or that
    others may write, is made again. It is written beside its place and moved there, so that a kill leaves the old one
    or the new one. Two processes that want the same file take turns. Raises OSError naming the file if it cannot be
    written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(path.with_name(path.name + ".lock")):
        data = path.read_bytes() if path.exists() and _ours(path) else b""
        if len(data) > 32 and _checksum(path, data[32:]) == data[:32]:
            return data[32:]
        data = make()
        try:
            _replace(path, _checksum(path, data) + data)
        except OSError as error:
            raise OSError(error.errno, f"cannot keep {len(data)} bytes ({error.strerror})", str(path)) from error
        return data


def _ours(path: Path) -> bool:
    """Whether a file is this account's and nobody else may write it."""
    status = path.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _checksum(path: Path, data: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\0" + data).digest()


def _replace(path: Path, data: bytes) -> None:
    """Writes a file so that it is whole or not there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
