"""Planes of bits as public words: how the circuit packs them, whatever they mean.

A plane is 64 bits, one a square, and stands as 72: bit 9 * rank + file, file 8 being a pad that is always zero. A word
holds three planes, the lowest numbered on top:

    bit 215        144 143         72 71           0
        [ plane 3w    ][ plane 3w + 1 ][ plane 3w + 2 ]      (a last word with one plane holds it at bit 0)

A proof's public inputs are the words of its bitmap (the outputs whose score reaches the threshold), those of the input
planes, and one word of context. `engine.encoding` says what they mean for chess, `engine.dense` for a perceptron.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eth_hash.auto import keccak

SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of BN254's scalar field; public words are elements of it."""
PLANES_A_WORD = 3


def position(square: int) -> int:
    """The bit of a square (a1 = 0 .. h8 = 63) in a 72-bit plane."""
    return square + square // 8


def tie(index: int) -> int:
    """What an output (64 * plane + square) adds to 2^13 * logit, so that no two scores are equal; 1..72 * planes."""
    plane, square = divmod(index, 64)
    return 72 * plane + 72 - position(square)


def to_words(masks: Sequence[int]) -> list[int]:
    """Packs planes, given as 64-bit masks, into public words, three a word."""
    words = []
    for start in range(0, len(masks), PLANES_A_WORD):
        word = 0
        for mask in masks[start : start + PLANES_A_WORD]:
            padded = sum((mask >> 8 * rank & 0xFF) << 9 * rank for rank in range(8))
            word = word << 72 | padded
        words.append(word)
    return words


def bit_words(indices: Iterable[int], planes: int) -> list[int]:
    """The words of `planes` planes in which the bits of the given indices, 64 * plane + square, are set."""
    masks = [0] * planes
    for index in indices:
        masks[index // 64] |= 1 << index % 64
    return to_words(masks)


def context_word(*parts: int | str) -> int:
    """The word that ties a proof to its purpose: keccak256 of the parts, 32 bytes each (abi.encode), mod the field.

    Parts are integers, or addresses as 0x-prefixed hex. Chain id, contract, purpose and payee are usual.
    """
    words = [int(part, 16) if isinstance(part, str) else part for part in parts]
    return int.from_bytes(keccak(b"".join(word.to_bytes(32, "big") for word in words)), "big") % SCALAR_FIELD


def words_of(planes: int) -> int:
    """How many words so many planes take."""
    return -(-planes // PLANES_A_WORD)
