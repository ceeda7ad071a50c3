from __future__ import annotations

from redis import Redis

from server.store.changes import announce
from server.store.names import Names

NAMES = Names(31337, "0x" + "12" * 20)


def test_a_change_raises_the_version_and_is_told_when_the_pipeline_runs(redis: Redis) -> None:
    with redis.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(NAMES.changes)
        while listener.get_message(timeout=5) is not None:
            pass  # the subscription's own answer, None once read
        with redis.pipeline() as pipe:
            announce(pipe, NAMES, 7)
            announce(pipe, NAMES, 8)
            assert redis.get(NAMES.version(7)) is None, "nothing is told before what changed is written"
            pipe.execute()
        told = [listener.get_message(timeout=5) for _ in range(2)]
    assert [message["data"] for message in told if message is not None] == ["7", "8"]
    assert (redis.get(NAMES.version(7)), redis.get(NAMES.version(8))) == ("1", "1")
