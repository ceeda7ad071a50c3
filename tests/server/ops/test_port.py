from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from server.ops.port import STALLED_SECONDS, Pulse, operator_port
from server.settings import Settings, SettingsError


def test_the_operators_port(settings: Settings) -> None:
    pulse = Pulse()
    with operator_port(replace(settings, operator_port=0), pulse.stalled, pulse.trouble) as port:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert (client.get("/livez").status_code, client.get("/readyz").text) == (200, "it has not begun\n")
            pulse.beat()
            assert client.get("/readyz").status_code == 200
            pulse.beat("Redis does not answer")
            assert (client.get("/readyz").status_code, client.get("/livez").status_code) == (503, 200)
            pulse.turned -= STALLED_SECONDS + 1
            assert "has not turned for 12" in client.get("/livez").text
            text = client.get("/metrics").text
            assert "process_cpu_seconds_total" in text and "proofmate_ballots_acknowledged_total" in text
            assert client.get("/").status_code == 404 and client.post("/metrics").status_code == 501
        with (
            pytest.raises(SettingsError, match=f"^OPERATOR_PORT: 127.0.0.1:{port} cannot be served"),
            operator_port(replace(settings, operator_port=port)),
        ):
            pass
    with operator_port(settings) as nothing:
        assert nothing is None
