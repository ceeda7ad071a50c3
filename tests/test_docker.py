"""What can be checked of the image without a Docker engine: that it is made of what is there."""

from __future__ import annotations

import re

from server.settings import ROOT, Environment

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_what_is_copied_exists() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    sources = [source for copy in copies for source in copy.split()[:-1]]
    assert len(sources) > 5
    for source in sources:
        assert list(ROOT.glob(source.rstrip("/"))), f"COPY {source}"


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
