"""Tests play the small network, which is proven in a second, where they do not ask for another one."""

from __future__ import annotations

import os

os.environ.setdefault("NETWORK", "small")
