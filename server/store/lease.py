"""A lease in Redis: of several processes that could do a job, only the holder does it."""

from __future__ import annotations

import secrets
import time

from redis import Redis

RENEW = """
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])
"""
RELEASE = """
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
"""


class Lease:
    """Held by one process at a time. It expires `seconds` after the last renewal."""

    def __init__(self, redis: Redis, key: str, seconds: float = 5.0) -> None:
        self.redis = redis
        self.key = key
        self.token = secrets.token_hex(16)
        self.milliseconds = int(seconds * 1000)
        self._renewed = float("-inf")

    def hold(self) -> bool:
        """Takes or keeps the lease; call it before every piece of work. False: another process holds it."""
        now = time.monotonic()
        if now - self._renewed < self.milliseconds / 3000:
            return True
        if self.redis.eval(RENEW, 1, self.key, self.token, str(self.milliseconds)) or self.redis.set(
            self.key, self.token, nx=True, px=self.milliseconds
        ):
            self._renewed = now
            return True
        self._renewed = float("-inf")
        return False

    def release(self) -> None:
        """Gives the lease up, so that another process can take it at once."""
        self._renewed = float("-inf")
        self.redis.eval(RELEASE, 1, self.key, self.token)
