"""The course of a game, as its documents tell it: one pure step a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Course:
    """What was seen of a game so far."""

    ply: int = 0
    voted: int = -1
    """The last ply that a vote was seen on."""
    proving: tuple[int, float] | None = None
    """The ply of the network's move that is awaited, and since when, in seconds of the caller's clock."""
    seconds: tuple[float, ...] = ()
    """How long each move of the network took."""
    over: bool = False

    def after(self, document: Mapping[str, Any], now: float) -> Course:
        """The course after a document that was read at `now`."""
        state, ply = document["state"], int(document["ply"])
        seconds, proving = self.seconds, self.proving
        if proving is not None and (state != "prove" or ply != proving[0]):
            seconds, proving = (*seconds, now - proving[1]), None
        if state == "prove" and proving is None:
            proving = (ply, now)
        voted = ply if state == "vote" else self.voted
        return replace(self, ply=ply, voted=voted, proving=proving, seconds=seconds, over=state == "over")
