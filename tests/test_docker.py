"""What can be checked of the image without a Docker engine: that it is made of what is there."""

from __future__ import annotations

import re

from server.settings import ROOT, Environment

DOCKERFILE = (ROOT / "Dockerfile").read_text()


COPIED = [
    source for copy in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for source in copy.split()[:-1]
]


def test_what_is_copied_exists() -> None:
    assert len(COPIED) > 5
    for source in COPIED:
        assert list(ROOT.glob(source.rstrip("/"))), f"COPY {source}"


def test_every_package_is_copied() -> None:
    found = [path.parent for top in ("bench", "engine", "server") for path in (ROOT / top).rglob("__init__.py")]
    packages = {f"{path.relative_to(ROOT)}/" for path in found}
    missing = {each for each in packages if f"{each}*.py" not in COPIED and not each.startswith(tuple(COPIED))}
    assert "engine/rockefeller/" in packages and not missing


def test_stages_that_are_copied_from_exist() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE))
    assert set(re.findall(r"--from=(\w+)", DOCKERFILE)) == stages


def test_settings_are_settings() -> None:
    names = {name.upper() for name in Environment.model_fields}
    (line,) = re.findall(r"^ENV (.+)$", DOCKERFILE, re.MULTILINE)
    given = {part.partition("=")[0] for part in line.split()} - {"PYTHONUNBUFFERED"}
    compose = (ROOT / "compose.yaml").read_text()
    given |= set(re.findall(r"\b([A-Z]+_[A-Z]+):? ", compose))
    assert {"DATA_DIR", "REDIS_URL"} <= given <= names


def test_ignored_is_everything_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert lines[0] == "*" and kept == {"engine", "server", "bench", "contracts", "frontend", "requirements"}
