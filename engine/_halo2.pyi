"""The native prover (Rust, `engine/halo2`). Use it through `engine.prover` and `engine.setup`."""

from collections.abc import Callable, Sequence
from pathlib import Path

class ProofCancelled(Exception):  # noqa: N818
    """A proof was cancelled."""

class Network:
    """A network laid out as a circuit. Raises ValueError with layer, channel and numbers for a bad file."""

    def __init__(self, file: bytes) -> None: ...
    @property
    def k(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def shift(self) -> int: ...
    @property
    def parameters(self) -> int: ...
    def logits(self, input: bytes) -> bytes:
        """The logits by policy index, as little-endian int64, of input planes, one byte a square."""

class Parameters:
    """A structured reference string for 2^k rows."""

    @staticmethod
    def insecure(seed: int, k: int) -> Parameters: ...
    @staticmethod
    def ceremony(path: Path, digest: str, k: int) -> Parameters:
        """Imports a .ptau file. Raises ValueError for a wrong digest, a bad point, or powers of no one tau."""
    @staticmethod
    def from_bytes(bytes: bytes) -> Parameters:
        """Reads what `to_bytes` wrote; points are checked to be on their curve, no more. Raises ValueError."""
    def to_bytes(self) -> bytes: ...

class Keys:
    """Proving and verifying key of a network under a setup."""

    @staticmethod
    def derive(network: Network, parameters: Parameters) -> Keys:
        """Takes seconds. Raises ValueError for a setup of another size, MemoryError if too little memory is free."""
    @property
    def hash(self) -> bytes: ...
    def solidity(self) -> str: ...
    def prove(
        self, input: bytes, legal: Sequence[int], context: bytes, progress: Callable[[str, float], bool]
    ) -> tuple[int, list[bytes], bytes]:
        """Policy index of the best legal move, public words, proof. `progress` returns False to cancel.

        The same request gives the same proof. Raises ValueError for a request that makes no sense, and MemoryError if
        too little memory is free, both before anything is begun.
        """
    def verify(self, words: Sequence[bytes], proof: bytes) -> bool: ...
