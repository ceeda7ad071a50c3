from __future__ import annotations

from tests.server.table import Table, serve


def test_head_is_get_without_a_body(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    with serve(table) as client:
        for path in (f"/api/v1/games/{game}", "/api/v1/config", "/api/games", "/livez", "/readyz", "/openapi.json"):
            head, get = client.head(path), client.get(path)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            assert head.headers["content-type"] == get.headers["content-type"]
        assert client.head("/api/v1/games/4000000").status_code == 404
        assert client.head(f"/api/v1/games/{game}/ballots").status_code == 405


def test_head_of_a_stream_ends(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    with serve(table) as client:
        for _ in range(30):  # more than a visitor may have open at once
            answer = client.head(f"/api/v1/games/{game}/stream", timeout=10)
            assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
