"""The connection to Redis."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import RedisError

from server.settings import Settings, SettingsError


def connect_redis(settings: Settings, text: bool = True) -> Redis:
    """A client of the settings' Redis; `text` says whether it decodes replies. Raises SettingsError if none answers."""
    redis = Redis.from_url(settings.redis_url, decode_responses=text, health_check_interval=15)
    try:
        redis.ping()
    except RedisError:
        raise SettingsError(f"REDIS_URL: no Redis answers at {settings.redis_url.rpartition('@')[2]}") from None
    return redis
