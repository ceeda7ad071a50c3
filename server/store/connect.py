"""The connection to Redis, and the names of what can be away."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import RedisError

from server.settings import Settings, SettingsError
from server.store.journal import DatabaseAway

AWAY = {"redis": "Redis", "chain": "the chain", "database": "the database"}
"""What a process waits for if it does not answer: as metrics and logs name it, and as people do."""


def away(error: Exception) -> str:
    """Which key of AWAY did not answer, by a RedisError, a DatabaseAway, or one of `Unreachable`."""
    if isinstance(error, DatabaseAway):
        return "database"
    return "redis" if isinstance(error, RedisError) else "chain"


def connect_redis(settings: Settings, text: bool = True) -> Redis:
    """A client of the settings' Redis; `text` says whether it decodes replies. Raises SettingsError if none answers."""
    redis = Redis.from_url(settings.redis_url, decode_responses=text, health_check_interval=15)
    try:
        redis.ping()
    except RedisError:
        raise SettingsError(f"REDIS_URL: no Redis answers at {settings.redis_url.rpartition('@')[2]}") from None
    return redis
