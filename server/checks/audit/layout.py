"""Where a contract keeps what, as the compiler says (`storageLayout` in its output).

layout = Layout.of_game()
layout.slots("_records", 7)            # the storage slots of game 7's record
layout.read("_records", 7, words)      # its fields by name, from words of those slots
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak
from web3 import Web3

from server.chain.contracts import artifact
from server.settings import SettingsError

Key = int | str


@dataclass(frozen=True)
class Layout:
    """A contract's storage: variables by name, and the types they are of."""

    variables: Mapping[str, Mapping[str, Any]]
    types: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, contract: str) -> Layout:
        """That of a contract of `contracts/src`. Raises SettingsError if it was compiled without."""
        found = artifact(contract).get("storageLayout")
        if not found:
            raise SettingsError("the contracts were built without their storage layout: run `make setup`")
        return cls({entry["label"]: entry for entry in found["storage"]}, found["types"])

    @classmethod
    def of_game(cls) -> Layout:
        """The game contract's. Raises SettingsError if it was compiled without."""
        return cls.of("Game")

    def slots(self, name: str, *keys: Key) -> range:
        """The slots of a variable, or of one value of a mapping or an array. Raises KeyError for an unknown name."""
        slot, kind, _ = self._find(name, keys)
        return range(slot, slot + -(-int(self.types[kind]["numberOfBytes"]) // 32))

    def read(self, name: str, *keys: Key, words: Mapping[int, int]) -> Any:
        """The value there: a struct as a dict by field, an address as checksummed hex, numbers and enums as int.

        Raises KeyError if `words` lacks one of its slots.
        """
        slot, kind, offset = self._find(name, keys)
        return self._value(kind, slot, offset, words)

    def _find(self, name: str, keys: tuple[Key, ...]) -> tuple[int, str, int]:
        variable = self.variables[name]
        slot, kind = int(variable["slot"]), str(variable["type"])
        for key in keys:
            described = self.types[kind]
            if described["encoding"] == "mapping":
                raw = int(key, 16) if isinstance(key, str) else key
                slot = int.from_bytes(keccak(raw.to_bytes(32, "big") + slot.to_bytes(32, "big")), "big")
                kind = described["value"]
            elif described["encoding"] == "dynamic_array" and isinstance(key, int):
                kind = described["base"]
                size = int(self.types[kind]["numberOfBytes"])
                if size <= 16:
                    raise NotImplementedError(f"{name}: several elements share a slot")
                slot = int.from_bytes(keccak(slot.to_bytes(32, "big")), "big") + key * -(-size // 32)
            else:
                raise KeyError(f"{name} has no {key}")
        return slot, kind, int(variable["offset"]) if not keys else 0

    def _value(self, kind: str, slot: int, offset: int, words: Mapping[int, int]) -> Any:
        described = self.types[kind]
        if "members" in described:
            return {
                member["label"]: self._value(member["type"], slot + int(member["slot"]), int(member["offset"]), words)
                for member in described["members"]
            }
        size, label = int(described["numberOfBytes"]), str(described["label"])
        if "base" in described:  # a fixed array; values that fit share slots
            part = int(self.types[described["base"]]["numberOfBytes"])
            apart = max(1, 32 // part)
            return [
                self._value(described["base"], slot + index // apart, part * (index % apart), words)
                for index in range(int(label.rpartition("[")[2].rstrip("]")))
            ]
        value = words[slot] >> 8 * offset & (1 << 8 * size) - 1
        if label.startswith(("address", "contract ")):
            return str(Web3.to_checksum_address(value.to_bytes(20, "big")))
        if label.startswith("bytes"):
            return "0x" + value.to_bytes(size, "big").hex()
        return bool(value) if label == "bool" else value
