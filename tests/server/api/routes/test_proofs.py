from __future__ import annotations

from tests.server.table import Table, serve


def test_proof_words_are_those_the_contract_made(table: Table) -> None:
    """The board words and the context that the api shows are what the verifier was called with."""
    game, voters = table.start()
    table.relay.step()
    with serve(table) as client:
        client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
        table.run(lambda: table.document(game)["state"] == "prove")
        table.prove(game)
        table.run(lambda: table.document(game)["state"] == "vote")
        proof = client.get(f"/api/games/{game}/proofs/1").json()
    trace = table.rpc("debug_traceTransaction", proof["tx"], {"tracer": "callTracer"})
    called = [call["input"] for call in trace["calls"] if call["to"] == proof["verifier"].lower()]
    words = "".join(f"{int(word, 16):064x}" for word in proof["words"])
    assert called == ["0x" + words + proof["proof"][2:]]
