from __future__ import annotations

import pytest

from server import cli


def test_too_few_voters(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["simulate", "--voters", "1"]) == 2
    assert capsys.readouterr().err == "proofmate: --voters: 1 is not between 2 and 1000\n"
