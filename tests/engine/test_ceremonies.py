"""Names of ceremonies' files."""

from __future__ import annotations

import re

import pytest

from engine.ceremonies import HERMEZ, digest_of


def test_every_listed_file_has_a_digest_of_its_own() -> None:
    assert list(HERMEZ) == list(range(8, 29))
    assert len(set(HERMEZ.values())) == len(HERMEZ)
    assert all(re.fullmatch("[0-9a-f]{128}", digest) for digest in HERMEZ.values())


def test_a_name_is_a_digest() -> None:
    assert digest_of("hermez-08") == digest_of("hermez-8") == HERMEZ[8]
    assert digest_of("hermez-28") == digest_of(HERMEZ[28].upper()) == HERMEZ[28]


@pytest.mark.parametrize(
    "name", ["", "hermez", "hermez-7", "hermez-29", "hermez-17.ptau", "Hermez-17", "0" * 127, "g" * 128]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="neither a BLAKE2b-512"):
        digest_of(name)
