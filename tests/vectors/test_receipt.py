from tests.vectors import generate


def test_the_receipt_is_current() -> None:
    """Run `python -m tests.vectors.generate` if receipts were meant to change."""
    assert generate.RECEIPT_FILE.read_text() == generate.receipt_text()
