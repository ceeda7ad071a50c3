from __future__ import annotations

import inspect
from collections import Counter
from typing import Any

from redis.crc import key_slot

from server.store.names import Names

CONTRACT = "0x" + "aB" * 20


def names_of(chain_id: int, contract: str, cluster: bool = False) -> dict[str, str]:
    """Every name of a deployment, each method called with the same arguments."""
    names = Names(chain_id, contract, cluster)
    given: dict[str, Any] = {
        "game": 1,
        "ply": 2,
        "position_key": "0x" + "34" * 32,
        "sender": "0x" + "Cd" * 20,
        "day": 9,
        "hour": 5,
        "key": "56" * 8,
        "address": "0x" + "Ef" * 20,
        "job": names.queue + "-1-2",
    }
    found = {name: value for name, value in vars(names).items() if name not in ("prefix", "jobs")}
    for name, method in inspect.getmembers(names, inspect.ismethod):
        if not name.startswith("_") and name != "of":
            found[name] = method(**{part: given[part] for part in inspect.signature(method).parameters})
    return found


def test_no_two_things_share_a_name_and_no_two_deployments_do() -> None:
    ours = names_of(31337, CONTRACT)
    assert [name for name, count in Counter(ours.values()).items() if count > 1] == []
    for chain_id, contract in ((31338, CONTRACT), (31337, "0x" + "ac" * 20), (1, CONTRACT)):
        assert not set(ours.values()) & set(names_of(chain_id, contract).values())


def test_an_address_in_capitals_is_the_same_address() -> None:
    assert names_of(31337, CONTRACT) == names_of(31337, CONTRACT.lower())
    names = Names(31337, CONTRACT)
    assert names.sent("0x" + "Cd" * 20) == names.sent("0x" + "cd" * 20)
    assert names.vault("0x" + "Cd" * 20) == names.vault("0x" + "cd" * 20)


def test_games_plies_and_positions_do_not_run_into_each_other() -> None:
    names = Names(1, CONTRACT)
    assert names.ballots(1, 11, "0x1") != names.ballots(11, 1, "0x1") != names.ballots(1, 1, "0x11")
    assert names.job(1, 11, "0x" + "12" * 32) != names.job(11, 1, "0x" + "12" * 32)
    assert names.job(1, 1, "0x" + "12" * 32) != names.job(1, 1, "0x" + "13" * 32), "a reorganised position"


def test_in_a_cluster_all_names_have_one_slot_and_elsewhere_they_are_what_they_were() -> None:
    tag = "{31337:" + CONTRACT.lower() + "}"
    found = names_of(31337, CONTRACT, cluster=True)
    keys = {key for key in found.values() if not key.startswith("proofmate-")}  # those are RQ's, which has a prefix
    assert len(keys) > 35 and all(tag in key for key in keys)
    assert {key_slot(key.encode()) for key in keys} == {key_slot(tag.encode())}
    assert Names(31337, CONTRACT, cluster=True).jobs == f"rq:{tag}"
    plain = Names(31337, CONTRACT)
    assert (plain.jobs, plain.prefix) == ("rq", f"proofmate:31337:{CONTRACT.lower()}:"), "installed data is found again"
