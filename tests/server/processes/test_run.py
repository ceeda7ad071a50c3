"""The processes as they are started for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from eth_account import Account

from server.keys import address_of
from server.local.probe import unused_port
from server.settings import ROOT, Settings
from tests.server.table import RECEIPT, Table, serve, variables


def environment(settings: Settings, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        **variables(settings),
        **more,
    }


@contextmanager
def running(env: dict[str, str], *names: str) -> Iterator[list[subprocess.Popen[str]]]:
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "server.cli", name], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
        )
        for name in names
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.slow
def test_api_indexer_and_relay_run_and_stop_when_told(table: Table) -> None:
    game = table.new_game()
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    with running(environment(table.settings, PORT=str(port)), "api", "indexer", "relay") as processes:
        end = time.monotonic() + 150  # three programs start
        while True:
            try:
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert time.monotonic() < end and all(process.poll() is None for process in processes)
            time.sleep(0.1)
        table.stake(game)
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            while client.get(f"/api/games/{game}").json().get("state") != "drawn":
                assert time.monotonic() < end
                time.sleep(0.1)
            with client.stream("GET", f"/api/games/{game}/stream") as answer:
                lines = answer.iter_lines()
                assert next(lines) == "event: game"
                for process in processes:
                    process.send_signal(signal.SIGTERM)
                list(lines)  # the stream ends with the server
        assert [process.wait(5) for process in processes] == [0, 0, 0]


@pytest.mark.slow
def test_a_fault_at_the_start_is_one_sentence(table: Table) -> None:
    nowhere = {"RPC_URL": "http://127.0.0.1:1"}
    with (
        running(environment(table.settings, **nowhere), "indexer", "relay") as chainless,
        running(environment(table.settings, REDIS_URL="redis://127.0.0.1:1"), "api") as redisless,
    ):
        for process, word in ((chainless[0], "RPC_URL"), (chainless[1], "RPC_URL"), (redisless[0], "REDIS_URL")):
            _, said = process.communicate(timeout=60)
            assert process.returncode == 2
            assert said.startswith(f"proofmate: {word}: ") and said.count("\n") == 1


@pytest.mark.slow
def test_a_key_in_a_keystore_shows_nowhere(table: Table, tmp_path: Path) -> None:
    """The api with its key from an encrypted keystore: not in its environment, command line, answers or log."""
    password, keystore = tmp_path / "password", tmp_path / "keystore"
    password.write_text("correct horse battery")
    keystore.write_text(json.dumps(Account.encrypt(RECEIPT, "correct horse battery", kdf="pbkdf2", iterations=2)))
    port = unused_port()
    secrets = {"RECEIPT_KEY_FILE": str(keystore), "RECEIPT_KEY_PASSWORD_FILE": str(password)}
    inside = unused_port()
    ports = {"PORT": str(port), "OPERATOR_PORT": str(inside)}
    env = environment(table.settings, **ports, LOG_FORMAT="json", LOG_LEVEL="debug", **secrets)
    del env["RECEIPT_KEY"], env["RELAY_KEY"]
    table.start()
    with running(env, "api") as (process,):
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while True:
            try:
                answers = [httpx.get(f"{url}{path}", trust_env=False).text for path in ("/readyz", "/api/v1/config")]
                answers.append(httpx.get(f"http://127.0.0.1:{inside}/metrics", trust_env=False).text)
                break
            except httpx.TransportError:
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.1)
        assert json.loads(answers[1])["relay"] == address_of(RECEIPT)
        assert "process_resident_memory_bytes" in answers[2] and "proofmate_head_block" in answers[2]
        proc = Path(f"/proc/{process.pid}")
        shown = [*answers, (proc / "cmdline").read_text(), (proc / "environ").read_text()]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
        assert said and all(json.loads(entry)["event"] for entry in said.splitlines())
        for text in (*shown, said):
            assert RECEIPT[2:] not in text and "horse" not in text


@pytest.mark.slow
def test_receipts_of_a_rotated_key_stay_listed(table: Table) -> None:
    """Two apis at once, one with the key before and one with the next: each lists both."""
    old, new = RECEIPT, "0x" + "e5" * 32
    for key, other in ((old, new), (new, old)):
        settings = replace(table.settings, receipt_key=key, receipt_addresses=(address_of(other),))
        with serve(replace(table, settings=settings)) as client:
            config = client.get("/api/config").json()
            assert config["receiptAddresses"] == [address_of(key), address_of(other)]
