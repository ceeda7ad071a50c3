"""Files of the data folder: written atomically, and what is damaged is named."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class SettingsError(ValueError):
    """A fault that the user can correct. The text is one sentence that names the setting."""


def absolute(path: Path) -> Path:
    """A path that does not depend on the working folder; links are not followed, as resolve() would."""
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file of the data folder; None: there is no file. Raises SettingsError for anything else."""
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise SettingsError(f"DATA_DIR: {path} is damaged; restore it, or start over with `proofmate reset`")
    return value


def read_record(path: Path, kind: Callable[..., T]) -> T | None:
    """What was written of a dataclass; None: there is no file. Raises SettingsError for a damaged or older file."""
    value = read_json(path)
    try:
        return None if value is None else kind(**value)
    except TypeError:
        raise SettingsError(f"DATA_DIR: {path} is of another version; start over with `proofmate reset`") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object atomically, readable by this user only.

    Raises SettingsError if it cannot be written.
    """
    try:
        write_atomically(path, json.dumps(value, indent=1).encode() + b"\n")
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}); see DATA_DIR and CACHE_DIR") from None


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file atomically: a kill or a full disk leaves either the old content or the new. Mode 0600."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
