from __future__ import annotations

import numpy as np

from engine import encoding
from server.store import progress
from server.store.thinking import Thinking, think
from tests.server.api.problem import is_problem
from tests.server.processes.test_indexer import vote
from tests.server.table import ETHER, Table, serve


def thoughts_at(table: Table, game: int, position: str) -> Thinking:
    """Random thoughts about the position on the chain."""
    summary = table.chain.summary(game)
    board, logits = summary.position.unpack(), np.random.default_rng(1).integers(-9000, 9000, 4672)
    return think(board, summary.position.ply, position, logits, encoding.legal_indices(board), 8192)


def test_a_closed_vote_and_the_thoughts_of_old_moves_stay(table: Table) -> None:
    game, voters = table.start(2 * ETHER, ETHER)
    with serve(table) as client:
        is_problem(client.get(f"/api/games/{game}/votes/0"), 404)
        vote(table, game, voters, "g1f3", "c2c4")
        table.run(lambda: table.document(game)["state"] == "prove")
        closed = client.get(f"/api/games/{game}/votes/0").json()
        assert [(c["san"], c["weight"]) for c in closed["candidates"]] == [
            ("Nf3", str(2 * ETHER)),
            ("c4", str(ETHER)),
        ]
        assert (closed["san"], closed["world"], closed["tx"]) == (
            "Nf3",
            str(3 * ETHER),
            table.document(game)["moves"][0]["tx"],
        )
        is_problem(client.get(f"/api/games/{game}/votes/1"), 404)

        is_problem(client.get(f"/api/games/{game}/thoughts/1"), 404)
        thinking = thoughts_at(table, game, table.chain.summary(game).position.key)
        progress.think(table.redis, table.names, game, thinking)
        move = table.prove(game, thinking.choice)
        table.run(lambda: table.document(game)["state"] == "vote")
        assert client.get(f"/api/games/{game}/thoughts/1").json()["choice"] == move == thinking.choice
        # Thoughts about a position that a reorganisation removed are not told as those of the one that stands now.
        progress.think(table.redis, table.names, game, thinking.model_copy(update={"position": "0x" + "00" * 32}))
        is_problem(client.get(f"/api/games/{game}/thoughts/1"), 404)
        is_problem(client.get(f"/api/games/{game}/thoughts/900"), 404)
        is_problem(client.get("/api/games/4000/thoughts/0"), 404)
