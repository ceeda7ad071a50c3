from __future__ import annotations

from tests.server.table import Table, serve


def test_a_move_of_the_crowd_and_a_move_of_the_network(table: Table) -> None:
    game, voters = table.start(3 * 10**18, 10**18)
    with serve(table) as client:
        for voter, move in zip(voters, ("e2e4", "d2d4"), strict=True):
            answer = client.post(f"/api/games/{game}/ballots", json=table.sign(voter, game, move))
            assert answer.status_code == 202, answer.text
        document = client.get(f"/api/games/{game}").json()
        assert document["vote"]["pending"] == 2
        table.run(lambda: table.document(game)["state"] == "prove")
        document = client.get(f"/api/games/{game}").json()
        assert document["moves"][0]["move"] == "e2e4"
        assert document["mover"] == "leela"
        move = table.prove(game)
        table.run(lambda: table.document(game)["state"] == "vote")
        document = client.get(f"/api/games/{game}").json()
        assert document["moves"][1]["move"] == move
        print(document)
        answer = client.get(f"/api/games/{game}/proofs/1")
        assert answer.status_code == 200, answer.text
        print(client.get(f"/api/games/{game}", headers={"accept": "application/x-chess-pgn"}).text)
        print(client.get("/api/model").json(), client.get("/metrics").text[:3000], client.get("/readyz").json())
