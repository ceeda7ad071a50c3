from __future__ import annotations

from dataclasses import replace

import pytest
from hexbytes import HexBytes

from server.checks.audit import events
from server.checks.audit.encoding import Log, Transaction
from server.checks.audit.events import EMITTERS, call_of, decode, direct_call, interface, logs_before, ours, topic_of
from tests.server.scripted import ScriptedGame

CONTRACT = "0x" + "Ab" * 20
STAKER = "0x" + "12" * 20


def log(name: str, number: int, address: str = CONTRACT) -> Log:
    topics = (bytes(HexBytes(events.topics()[name])), bytes(HexBytes(topic_of(number))))
    return Log(address, topics, b"")


def test_every_event_has_emitters_that_the_contract_has() -> None:
    functions = {function.fn_name for function in interface().functions}
    assert set(EMITTERS) == set(events.topics())
    assert {function for emitters in EMITTERS.values() for function in emitters} <= functions


def test_logs_of_a_game_are_decoded_and_others_are_none(played: ScriptedGame) -> None:
    made = played.w3.eth.get_logs({"address": played.game.address, "fromBlock": 0})
    names = set()
    for entry in made:
        found = decode(Log(entry["address"], tuple(bytes(topic) for topic in entry["topics"]), bytes(entry["data"])))
        if found is not None:
            names.add(found[0])
    assert {"GameCreated", "Staked", "Began", "BallotsCast", "VoteClosed", "Moved", "GameOver", "Claimed"} <= names
    assert decode(Log(CONTRACT, (b"\x01" * 32,), b"")) is None and decode(Log(CONTRACT, (), b"")) is None


@pytest.mark.parametrize("data", [b"", b"\xff" * 31, b"\xff" * 64])
def test_a_log_that_the_contract_cannot_have_written_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="Staked is not as the contract writes it"):
        decode(replace(log("Staked", 3), data=data))


def test_which_logs_belong_to_a_game() -> None:
    assert ours(log("Staked", 3), CONTRACT, 3, None, None)
    assert not ours(log("Staked", 4), CONTRACT, 3, None, None)
    assert not ours(log("Staked", 3, "0x" + "cD" * 20), CONTRACT, 3, None, None), "another contract's"
    assert not ours(Log(CONTRACT, (bytes(HexBytes(events.topics()["Staked"])),), b""), CONTRACT, 3, None, None)
    assert ours(log("ModelAdded", 7), CONTRACT, 3, 7, 8) and not ours(log("ModelAdded", 3), CONTRACT, 3, 7, 8)
    assert ours(log("BookAdded", 8), CONTRACT, 3, 7, 8) and not ours(log("BookAdded", 7), CONTRACT, 3, 7, 8)
    assert ours(log("ClaimerChosen", 99), CONTRACT, 3, None, None), "an account's, in all games"


def transaction(name: str, *arguments: object, to: str | None = CONTRACT) -> Transaction:
    data = bytes(HexBytes(interface().encode_abi(name, list(arguments))))
    return Transaction(hash=bytes(32), chain_id=1, sender=STAKER, nonce=0, to=to, value=5, data=data)


def test_a_call_is_believed_only_where_it_can_have_written_the_log() -> None:
    stake = transaction("stake", 3, 0, STAKER)
    found = direct_call(stake, CONTRACT, "Staked", 0)
    assert found is not None and (found.sender, found.value, found.arguments["game"]) == (STAKER, 5, 3)
    assert direct_call(stake, CONTRACT, "Moved", 0) is None, "stake emits no Moved"
    assert direct_call(transaction("stake", 3, 0, STAKER, to=STAKER), CONTRACT, "Staked", 0) is None
    assert direct_call(transaction("stake", 3, 0, STAKER, to=None), CONTRACT, "Staked", 0) is None
    claim = transaction("claim", 3, STAKER)
    assert direct_call(claim, CONTRACT, "Claimed", 0) is not None
    assert direct_call(claim, CONTRACT, "Claimed", 1) is None, "whom it paid may have called the contract again"


@pytest.mark.parametrize("data", [b"", b"\x00" * 3, b"\xde\xad\xbe\xef", b"\xde\xad\xbe\xef" + bytes(64)])
def test_input_that_is_no_call_is_none(data: bytes) -> None:
    assert call_of(STAKER, 0, data) is None
    stake = bytes(HexBytes(interface().encode_abi("stake", [3, 0, STAKER])))
    assert call_of(STAKER, 0, stake[:-1]) is None and call_of(STAKER, 0, stake) is not None


def test_logs_before_are_those_of_the_contract() -> None:
    logs = [log("Staked", 1), log("Staked", 1, STAKER), log("Staked", 2)]
    assert [logs_before(logs, position, CONTRACT) for position in range(3)] == [0, 1, 1]
