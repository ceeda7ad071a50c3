from __future__ import annotations

from server.keys import address_of
from tests.server.api.problem import is_problem
from tests.server.table import ETHER, RECEIPT, Table, serve

ADDRESS = "0x" + "12" * 20


def test_the_api_of_a_game(table: Table) -> None:
    game, voters = table.start(2 * ETHER)
    table.relay.step()
    with serve(table) as client:
        assert client.get("/api/config").json() | {"abi": 0} == {
            "chainId": 31337,
            "contract": table.settings.contract,
            "relay": address_of(RECEIPT),
            "receiptAddresses": [address_of(RECEIPT)],
            "rpc": "/rpc",
            "local": True,
            "insecure": True,
            "faucet": True,
            "ballotMargin": 5,
            "explorer": None,
            "walletConnect": None,
            "vault": None,
            "abi": 0,
        }
        client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
        table.run(lambda: table.document(game)["state"] == "prove")
        move = table.prove(game)
        table.run(lambda: table.document(game)["state"] == "vote")
        document = client.get(f"/api/games/{game}").json()
        assert document["ballotsUntil"] == document["deadline"] - 5
        assert abs(document["now"] - table.chain.head().time) <= 5
        assert document["proof"]["step"] == "verified"
        assert document["proof"]["tx"] == document["moves"][1]["tx"]
        assert document["proof"]["seconds"] > 0
        proof = client.get(f"/api/games/{game}/proofs/1").json()
        assert (proof["move"], proof["proof"], proof["payee"]) == (move, "0x" + "ab" * 64, table.settings.payee)
        assert len(proof["words"]) == 31 and proof["words"][30] == proof["context"]
        assert proof["seconds"]["proving"] == 1.5
        is_problem(client.get(f"/api/games/{game}/proofs/0"), 404)
        cards = client.get("/api/games").json()["games"]
        assert cards[0]["id"] == game and cards[0]["worldPool"] == str(2 * ETHER)
        assert client.get(f"/api/games?before={game}").json()["games"][:1] == cards[1:2]
        account = client.get(f"/api/games/{game}/accounts/{voters[0].wallet.address.lower()}").json()
        assert (account["side"], account["stake"], account["seat"]) == ("world", str(2 * ETHER), 0)
        assert account["owed"] == "0" and account["voteKey"] == voters[0].vote.address
        stranger = client.get(f"/api/games/{game}/accounts/{ADDRESS}").json()
        assert stranger["side"] is None and stranger["seat"] is None
