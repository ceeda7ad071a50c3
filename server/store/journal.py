"""The journal: a stream in Redis of what the database of record (`server/store/database.py`) is to keep.

Who makes a fact adds its entry in the same request, so the database can be slow or away and nobody waits for it. One
process (`server/processes/recorder.py`) drains the stream. Entries hold text only, and know nothing of SQL.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from redis.asyncio.client import Pipeline as AsyncPipeline
from redis.client import Pipeline

from server.model.frozen import Frozen
from server.model.game import Game
from server.store.names import Names
from server.store.records import StoredBallot
from server.store.thinking import Thinking


class DatabaseAway(Exception):  # noqa: N818
    """The database of record does not answer, or is locked."""


class Refusal(Frozen):
    """A ballot that its seat signed and that was not taken."""

    ply: int
    seat: int
    move: str
    code: str
    """As the answer's problem named it."""
    at: int
    """Unix time."""


class Proving(Frozen):
    """A proof that a worker of this server made."""

    ply: int
    position: str
    move: str
    payee: str
    seconds: float


Kind = Literal["receipt", "refusal", "thinking", "proving", "game"]
RECORDS: dict[Kind, type[Frozen]] = {
    "receipt": StoredBallot,
    "refusal": Refusal,
    "thinking": Thinking,
    "proving": Proving,
    "game": Game,
}
"""What an entry of each kind holds."""


class Entry(NamedTuple):
    """An entry of the stream."""

    kind: Kind
    game: int
    record: Frozen

    @classmethod
    def parse(cls, fields: dict[str, str]) -> Entry:
        """The entry of these fields. Raises ValueError if they are none."""
        kind = next((kind for kind in RECORDS if kind == fields.get("kind")), None)
        if kind is None:
            raise ValueError(f"{fields.get('kind')!r} is no kind of record")
        return cls(kind, int(fields.get("game", "")), RECORDS[kind].model_validate_json(fields.get("text", "")))


def note(pipe: Pipeline | AsyncPipeline, names: Names, kind: Kind, game: int, record: Frozen) -> None:
    """Queues an entry."""
    pipe.xadd(names.journal, {"kind": kind, "game": str(game), "text": record.dump()})
