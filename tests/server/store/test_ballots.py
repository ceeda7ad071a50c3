from __future__ import annotations

import concurrent.futures
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from redis import Redis

from server.keys import address_of
from server.local.probe import unused_port
from server.model.signing import HALF_ORDER, Typed, compact, recover
from server.store.records import Carriage
from tests.server.redises import KEEPING, Servers, until
from tests.server.table import ETHER, RECEIPT, Table, Voter, run_valkey, serve


@pytest.fixture
def game(table: Table) -> tuple[int, list[Voter]]:
    game, voters = table.start(2 * ETHER, ETHER, minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    return game, voters


def post(client: httpx.Client, game: int, body: Any) -> httpx.Response:
    return client.post(f"/api/games/{game}/ballots", json=body)


def test_a_receipt_is_signed_by_the_receipt_key(table: Table, game: tuple[int, list[Voter]]) -> None:
    number, voters = game
    with serve(table) as client:
        answer = post(client, number, table.sign(voters[0], number, "e2e4"))
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert receipt["relay"] == address_of(RECEIPT)
    typed = Typed(table.settings.chain_id, table.settings.contract)
    digest = typed.receipt(number, voters[0].seat, 0, 1804, receipt["position"], receipt["received"])
    assert recover(digest, bytes.fromhex(receipt["signature"][2:])) == receipt["relay"].lower()


def test_the_same_ballot_again_has_the_same_receipt_and_another_is_refused(
    table: Table, game: tuple[int, list[Voter]]
) -> None:
    number, voters = game
    with serve(table) as client:
        first = post(client, number, table.sign(voters[0], number, "e2e4"))
        time.sleep(1.1)
        again = post(client, number, table.sign(voters[0], number, "e2e4"))
        assert first.json() == again.json()
        other = post(client, number, table.sign(voters[0], number, "d2d4"))
        assert (other.status_code, other.json()["code"]) == (409, "voted")
        assert client.get(f"/api/games/{number}").json()["vote"]["pending"] == 1
        account = client.get(f"/api/games/{number}/accounts/{voters[0].wallet.address}").json()
        assert account["ballot"] == {"ply": 0, "move": "e2e4", "status": "received"}
        table.run(lambda: table.redis.hlen(table.names.voted(number)) == 1)
        account = client.get(f"/api/games/{number}/accounts/{voters[0].wallet.address}").json()
        assert account["ballot"] == {"ply": 0, "move": "e2e4", "status": "counted"}
        assert account["votedPly"] == 0
        assert post(client, number, table.sign(voters[0], number, "e2e4")).json() == first.json()


BAD: list[tuple[dict[str, Any], int, str | None]] = [
    ({"move": "e2e5"}, 422, "illegal"),
    ({"move": "e7e8q"}, 422, "illegal"),
    ({"move": "a1a1"}, 422, "illegal"),
    ({"move": "d2d4"}, 422, "signature"),  # signed for e2e4
    ({"seat": 1}, 422, "signature"),  # somebody else's seat
    ({"seat": 7}, 404, "seat"),
    ({"ply": 1}, 409, "wrong-ply"),
    ({"signature": "0x" + "00" * 64}, 422, "signature"),
    ({"signature": "0x" + "ff" * 64}, 422, "signature"),
    ({"seat": -1}, 422, "form"),
    ({"seat": 1 << 32}, 422, "form"),
    ({"seat": 10**400}, 422, "form"),
    ({"seat": "0"}, 422, "form"),
    ({"seat": True}, 422, "form"),
    ({"ply": 1 << 16}, 422, "form"),
    ({"move": "e2e4\r\nX: y"}, 422, "form"),
    ({"move": None}, 422, "form"),
    ({"signature": "0xzz"}, 422, "form"),
    ({"signature": "0x" + "11" * 65}, 422, "form"),
    ({"more": 1}, 422, "form"),
]


def test_what_would_not_count_gets_no_receipt(table: Table, game: tuple[int, list[Voter]]) -> None:
    number, voters = game
    good = table.sign(voters[0], number, "e2e4")
    with serve(table) as client:
        for change, status, code in BAD:
            answer = post(client, number, good | change)
            assert (answer.status_code, answer.json().get("code")) == (status, code), change
            assert answer.headers["content-type"] == "application/problem+json"
    assert not list(table.redis.scan_iter(match=table.names.prefix + "ballots:*"))


def test_a_ballot_of_another_game_chain_contract_ply_or_position_is_no_ballot(
    table: Table, game: tuple[int, list[Voter]]
) -> None:
    number, voters = game
    contract, position = table.settings.contract, table.chain.summary(number).position.key
    other = "0x" + "11" * 20
    digests = [
        Typed(31337, contract).ballot(number + 1, 0, 1804, position),
        Typed(1, contract).ballot(number, 0, 1804, position),
        Typed(31337, other).ballot(number, 0, 1804, position),
        Typed(31337, contract).ballot(number, 2, 1804, position),
        Typed(31337, contract).ballot(number, 0, 1804, "0x" + "22" * 32),
    ]
    body = table.sign(voters[0], number, "e2e4")
    with serve(table) as client:
        for digest in digests:
            signature = "0x" + compact(voters[0].vote.unsafe_sign_hash(digest)).hex()
            assert post(client, number, body | {"signature": signature}).json()["code"] == "signature"


def test_a_signature_with_a_high_s_is_refused() -> None:
    account, digest = Account.create(), b"\x11" * 32
    signature = compact(account.unsafe_sign_hash(digest))
    assert recover(digest, signature) == account.address.lower()
    for parity in (0, 1 << 255):
        assert recover(digest, signature[:32] + (HALF_ORDER + 1 | parity).to_bytes(32, "big")) is None
    assert recover(digest, b"\xff" * 32 + signature[32:]) is None


def test_no_ballots_close_to_the_deadline(table: Table, game: tuple[int, list[Voter]]) -> None:
    number, voters = game
    with serve(table) as client:
        body = table.sign(voters[0], number, "e2e4")
        taken = post(client, number, body)
        table.rpc("evm_increaseTime", 2000 - table.settings.ballot_margin)
        table.mine()
        table.indexer.step()
        late = post(client, number, table.sign(voters[1], number, "e2e4"))
        assert (late.status_code, late.json()["code"]) == (409, "closed")
        assert post(client, number, body).json() == taken.json()  # it may ask for its receipt


def test_no_receipt_for_what_the_relay_will_not_carry(table: Table, game: tuple[int, list[Voter]]) -> None:
    number, voters = game
    body = table.sign(voters[1], number, "e2e4")
    name = table.names.carriage(number)
    carriage = Carriage.load(table.redis.get(name))
    assert carriage is not None
    with serve(table) as client:

        def carrying(**changes: Any) -> None:
            table.redis.set(name, carriage.model_copy(update=changes).dump())

        carrying(most=1)
        light = post(client, number, body)
        assert (light.status_code, light.json()["code"]) == (409, "budget")
        carrying(rate=0.0, carried=0)
        full = post(client, number, body)
        assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (429, "full", "5")
        carrying(rate=0.0, carried=1)
        assert post(client, number, table.sign(voters[0], number, "e2e4")).status_code == 202
        assert post(client, number, body).json()["code"] == "full"
        carrying()
        table.redis.set(table.names.relay, "the relay needs funds")
        assert post(client, number, body).json()["code"] == "relay"
        table.redis.delete(table.names.relay)
        assert post(client, number, body).json()["code"] == "relay"
        table.redis.set(table.names.relay, "")
        table.redis.delete(name)
        assert post(client, number, body).json()["code"] == "relay"
        carrying()
        assert post(client, number, body).status_code == 202


def test_no_crowd_gets_more_receipts_than_there_is_room_for(table: Table) -> None:
    game, voters = table.start(*[ETHER] * 12, minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    name = table.names.carriage(game)
    carriage = Carriage.load(table.redis.get(name))
    assert carriage is not None
    table.redis.set(name, carriage.model_copy(update={"rate": 0.0, "carried": 5}).dump())
    bodies = [table.sign(voter, game, "e2e4") for voter in voters]
    with serve(table) as client, concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda body: post(client, game, body), bodies))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [429] * 7


def test_a_seat_that_voted_on_chain_gets_no_receipt(table: Table, game: tuple[int, list[Voter]]) -> None:
    number, voters = game
    table.send("0x" + bytes(voters[0].wallet.key).hex(), table.call.castBallot(number, 0, 1739))
    table.indexer.step()
    with serve(table) as client:
        assert post(client, number, table.sign(voters[0], number, "e2e4")).json()["code"] == "voted"


def test_nobody_votes_when_it_is_not_the_worlds_turn(table: Table) -> None:
    game, voters = table.start(worldIsWhite=False)
    table.relay.step()
    with serve(table) as client:
        assert post(client, game, table.sign(voters[0], game, "e2e4")).json()["code"] == "not-voting"


@pytest.mark.slow
def test_many_ballots_at_once_share_the_disk(table: Table) -> None:
    game, voters = table.start(*[ETHER] * 60, minPeriod=1000)
    table.relay.step()
    bodies = [table.sign(voter, game, "e2e4") for voter in voters] * 2
    with serve(table) as client, concurrent.futures.ThreadPoolExecutor(40) as pool:
        before = table.redis.info("stats")["total_commands_processed"]
        started = time.monotonic()
        answers = list(pool.map(lambda body: post(client, game, body), bodies))
        print(f"{len(bodies)} ballots in {time.monotonic() - started:.2f} s")
        assert [answer.status_code for answer in answers] == [202] * 120
        assert table.redis.info("stats")["total_commands_processed"] > before
    receipts = {(r := answer.json()["receipt"])["seat"]: r["signature"] for answer in answers}
    assert len(receipts) == 60
    position = table.chain.summary(game).position
    assert table.redis.hlen(table.names.ballots(game, 0, position.key)) == 60
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 60)


def test_of_two_ballots_of_a_seat_at_once_one_is_final(table: Table, game: tuple[int, list[Voter]]) -> None:
    number, voters = game
    bodies = [table.sign(voters[0], number, uci) for uci in ("e2e4", "d2d4")] * 5
    with serve(table) as client, concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda body: post(client, number, body), bodies))
    assert sorted(answer.status_code for answer in answers) == [202] * 5 + [409] * 5
    assert len({answer.json()["receipt"]["move"] for answer in answers if answer.status_code == 202}) == 1


def test_an_acknowledged_ballot_survives_the_death_of_redis(
    table: Table, game: tuple[int, list[Voter]], tmp_path: Path
) -> None:
    number, voters = game
    folder = Path("/tmp") / f"pm-{os.getpid()}"
    folder.mkdir()
    try:
        with run_valkey(folder) as redis:
            object.__setattr__(table.settings, "redis_url", f"unix://{folder}/socket")
            other = Table(table.settings, redis)
            for _ in range(3):
                other.indexer.step()
            other.relay.step()
            with serve(other) as client:
                assert post(client, number, other.sign(voters[0], number, "e2e4")).status_code == 202
            os.kill(redis.info("server")["process_id"], signal.SIGKILL)
        with run_valkey(folder) as redis:
            position = table.chain.summary(number).position
            assert redis.hlen(table.names.ballots(number, 0, position.key)) == 1
    finally:
        for file in sorted(folder.rglob("*"), reverse=True):
            file.unlink() if not file.is_dir() else file.rmdir()
        folder.rmdir()


def test_a_redis_that_keeps_nothing_on_disk_gives_no_receipts(
    table: Table, game: tuple[int, list[Voter]], redis: Redis
) -> None:
    number, voters = game
    with serve(table) as client:
        redis.config_set("appendonly", "no")
        try:
            for _ in range(2):  # the second time the ballot is there already, and still not on disk
                answer = post(client, number, table.sign(voters[0], number, "e2e4"))
                assert (answer.status_code, answer.json()["code"]) == (503, "disk")
            assert "on disk" in client.get("/readyz").json()["detail"]
        finally:
            redis.config_set("appendonly", "yes")


def test_too_few_replicas_give_no_receipts(
    table: Table, game: tuple[int, list[Voter]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, voters = game
    monkeypatch.setattr("server.store.ballots.DISK_TIMEOUT_MS", 500)
    object.__setattr__(table.settings, "redis_replicas", 1)
    port = unused_port()
    with serve(table) as client:
        for _ in range(2):  # the second time the ballot is there already, and still on one machine
            answer = post(client, number, table.sign(voters[0], number, "e2e4"))
            assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "replicas", "5")
            assert "on the disks of 0 of 1 replicas" in answer.json()["detail"]
        assert client.get("/readyz").json()["detail"].startswith("0 of 1 replicas of Redis keep up")
        table.redis.config_set("bind", "127.0.0.1")
        table.redis.config_set("port", port)
        servers = Servers(tmp_path)
        try:
            replica = servers.start(*KEEPING, "--replicaof", "127.0.0.1", str(port))
            until(lambda: servers.at(replica).info("replication")["master_link_status"] == "up")
            body = table.sign(voters[0], number, "e2e4")
            until(lambda: post(client, number, body).status_code == 202)  # it has written what was there before
            position = table.chain.summary(number).position
            assert servers.at(replica).hlen(table.names.ballots(number, 0, position.key)) == 1
        finally:
            servers.close()
            table.redis.config_set("port", 0)
