"""The data folder of the local stack: its lock, and its removal."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from pathlib import Path
from typing import IO

from server.settings import SettingsError


class DataFolder:
    """The data folder, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    def hold(self) -> None:
        """Makes the folder and locks it until `release` or the end of the process. Raises SettingsError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.path / "logs").mkdir(exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise SettingsError(f"DATA_DIR: {self.path} cannot be written to ({error.strerror})") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise SettingsError(f"DATA_DIR: {self.path} is in use by another proofmate (process {holder})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        for part in self.path.glob("*.json*.part"):
            part.unlink()

    def release(self) -> None:
        """Releases the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def reset(self) -> None:
        """Removes everything in the folder. Raises SettingsError if another process holds it, or if it is not ours."""
        if not self.path.exists():
            return
        strangers = sorted(entry.name for entry in self.path.iterdir() if not _OURS.fullmatch(entry.name))
        if strangers:
            raise SettingsError(
                f"DATA_DIR: {self.path} holds {strangers[0]}, which is not Proofmate's; nothing was removed"
            )
        self.hold()
        try:
            for entry in self.path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry.name != "lock":
                    entry.unlink()
        finally:
            self.release()


_OURS = re.compile(
    r"lock|logs|redis|chain(\.old)?\.damaged|(chain(\.old)?|keys|deployment|vault)\.json(.*\.part)?|record\.sqlite(-\w+)?"
)
"""Names that Proofmate uses in a data folder. A kill can leave .part files."""
