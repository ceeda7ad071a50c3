from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from server.settings import Settings, SettingsError
from server.store.connect import connect_redis


def test_a_redis_that_is_not_there_is_named_without_its_password(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL: no Redis answers") as error:
        connect_redis(replace(settings, redis_url="redis://:secret@127.0.0.1:1/0"))
    assert "secret" not in str(error.value)
