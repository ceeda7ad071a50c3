from __future__ import annotations

import gzip
import json

from tests.server.table import Table, serve


def test_a_document_that_is_known_is_not_sent_again(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    path = f"/api/v1/games/{game}"
    with serve(table) as client:
        first = client.get(path)
        etag = first.headers["etag"]
        assert etag == f'W/"{first.json()["version"]}"' and first.headers["cache-control"] == "no-cache"
        for known in (etag, etag.removeprefix("W/"), f'"0", {etag}', "*"):
            again = client.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert client.get(path, headers={"If-None-Match": 'W/"0"'}).status_code == 200
        table.stake(game)
        table.indexer.step()
        newer = client.get(path, headers={"If-None-Match": etag})
        assert newer.status_code == 200 and newer.json()["seats"] == 1, "a copy of before was served"
        assert client.get("/api/v1/games/4000000", headers={"If-None-Match": "*"}).status_code == 404


def test_a_document_is_compressed_for_who_takes_it(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    with serve(table) as client:
        with client.stream("GET", f"/api/v1/games/{game}", headers={"Accept-Encoding": "gzip"}) as answer:
            raw = b"".join(answer.iter_raw())
            assert answer.headers["content-encoding"] == "gzip" and "Accept-Encoding" in answer.headers["vary"]
        plain = client.get(f"/api/v1/games/{game}", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert {**json.loads(gzip.decompress(raw)), "now": 0} == {**plain.json(), "now": 0}


def test_many_who_ask_at_once_cost_one_document(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    with serve(table) as client:
        client.get(f"/api/v1/games/{game}")
        before = table.redis.info("commandstats")["cmdstat_mget"]["calls"]
        for _ in range(20):
            client.get(f"/api/v1/games/{game}")
        assert table.redis.info("commandstats")["cmdstat_mget"]["calls"] - before <= 10
