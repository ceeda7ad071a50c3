from __future__ import annotations

import io

import chess.pgn

from server.api.pgn import pgn
from server.model.game import Game
from tests.server.table import Table, serve


def test_pgn(table: Table) -> None:
    game, voters = table.start()
    table.relay.step()
    with serve(table) as client:
        client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
        table.run(lambda: table.document(game)["state"] == "prove")
        answer = client.get(f"/api/games/{game}", headers={"Accept": "application/x-chess-pgn"})
    assert answer.headers["content-type"].startswith("application/x-chess-pgn")
    record = chess.pgn.read_game(io.StringIO(answer.text))
    assert record is not None and record.headers["White"] == "World"
    headers = dict(record.headers)
    assert headers["Site"] == f"{client.base_url}/game/{game}" and headers["GameId"] == str(game)
    assert headers["Date"] == headers["UTCDate"] and headers["UTCTime"].count(":") == 2
    assert (headers["Variant"], headers["TimeControl"], headers["Termination"]) == ("Standard", "-", "Unterminated")
    assert [move.uci() for move in record.mainline_moves()] == ["e2e4"]


def test_nothing_can_break_out_of_a_pgn_tag(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    document = Game.model_validate(table.document(game)).model_copy(update={"contract": 'x"]\n[Result "1-0'})
    record = chess.pgn.read_game(io.StringIO(pgn(document, 'https://x"]\n[Result "0-1')))
    assert record is not None and record.headers["Result"] == "*"
