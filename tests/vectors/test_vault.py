from tests.vectors import vault


def test_the_vault_s_words_are_current() -> None:
    """Run `python -m tests.vectors.vault` if the encoding was meant to change."""
    assert vault.FILE.read_text() == vault.text()
