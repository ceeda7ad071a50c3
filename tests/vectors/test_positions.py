from tests.vectors import generate


def test_positions_are_current() -> None:
    """Run `python -m tests.vectors.generate` if the encoding was meant to change."""
    assert generate.FILE.read_text() == generate.text()
