from __future__ import annotations

import pytest
from starlette.requests import Request

from server.api.problems import Problem
from server.api.shared import require_json


def test_only_json_reaches_what_another_origin_must_not() -> None:
    request = Request({"type": "http", "headers": [(b"content-type", b"text/plain;application/json")]})
    with pytest.raises(Problem):
        require_json(request)
