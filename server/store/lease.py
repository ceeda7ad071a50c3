"""A lease in Redis: of several processes that could do a job, only the holder does it."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time

from redis import Redis
from redis.exceptions import RedisError

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
        self.term = 0
        """Goes up whenever the lease is taken anew: somebody else may have held it before."""
        self._renewed = float("-inf")
        self._lock = threading.Lock()

    def hold(self) -> bool:
        """Takes or keeps the lease; call it before every piece of work. False: another process holds it."""
        with self._lock:
            now = time.monotonic()
            if now - self._renewed < self.milliseconds / 3000:
                return True
            held = bool(self.redis.eval(RENEW, 1, self.key, self.token, str(self.milliseconds)))
            if not held and self.redis.set(self.key, self.token, nx=True, px=self.milliseconds):
                held = True
                self.term += 1
            self._renewed = now if held else float("-inf")
            return held

    def keep(self, stop: threading.Event) -> None:
        """Renews the lease in a thread while it is held, so that a long piece of work does not lose it."""

        def renew() -> None:
            while not stop.wait(self.milliseconds / 3000):
                if self._renewed > float("-inf"):
                    with contextlib.suppress(RedisError):
                        self.hold()

        threading.Thread(target=renew, name="lease", daemon=True).start()

    def release(self) -> None:
        """Gives the lease up, so that another process can take it at once."""
        self._renewed = float("-inf")
        self.redis.eval(RELEASE, 1, self.key, self.token)
