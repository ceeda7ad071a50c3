from __future__ import annotations

import pytest

from server.redis_url import RedisUrl
from server.settings import Environment, SettingsError


def test_one_server_is_left_to_the_library() -> None:
    for address in ("redis://u:p@host:6379/1", "rediss://host", "unix:///run/redis?db=2"):
        url = RedisUrl.parse(address)
        assert (url.kind, url.url, url.servers) == ("server", address, ())


def test_a_primary_that_sentinels_name() -> None:
    url = RedisUrl.parse("rediss+sentinel://me:p%40ss@one:1,[::1]:2,three/games/4?sentinel_password=other")
    assert (url.kind, url.service, url.tls) == ("sentinel", "games", True)
    assert url.servers == (("one", 1), ("::1", 2), ("three", 26379))
    assert url.options == {"username": "me", "password": "p@ss", "db": 4}
    assert url.sentinel_options == {"password": "other"}
    assert url.shown == "one:1,[::1]:2,three/games/4", "no password"


def test_a_cluster() -> None:
    url = RedisUrl.parse("redis+cluster://:secret@one:1,two")
    assert (url.kind, url.tls, url.servers) == ("cluster", False, (("one", 1), ("two", 6379)))
    assert url.options == {"password": "secret"} and url.shown == "one:1,two"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://host:secret", "begins with none of redis://"),
        ("redis+sentinel://host:26379", "name of the primary is missing"),
        ("redis+sentinel://host/games/x", "'x' is not a number"),
        ("redis+sentinel://host/games?sentinal_password=secret", "unknown options sentinal_password"),
        ("redis+sentinel://host:port/games", "'host:port' is not host:port"),
        ("redis+sentinel://host,/games", "'' is not host:port"),
        ("redis+cluster://", "'' is not host:port"),
        ("redis+cluster://u:secret@host:99999", "'host:99999' is not host:port"),
        ("redis+cluster://host/1", "a cluster has no databases"),
    ],
)
def test_what_is_wrong_is_said_at_the_start_without_a_password(address: str, why: str) -> None:
    with pytest.raises(SettingsError, match=r"^REDIS_URL: ") as error:
        Environment.read(redis_url=address)
    assert why in str(error.value) and "secret" not in str(error.value)


def test_passwords_are_hidden_in_logs() -> None:
    address = "redis+sentinel://me:hush-hush@one:1,two:2/games?sentinel_password=hush-again"
    assert {"hush-hush", "hush-again"} <= Environment.read(redis_url=address).hidden()
