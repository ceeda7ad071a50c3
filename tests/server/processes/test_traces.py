"""One trace from a ballot's POST, and one from the network's turn, to the transactions that carry them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from server.processes import worker
from server.store.records import StoredBallot, StoredProof
from tests.server.slow_worker import SlowProver
from tests.server.table import ETHER, Table, serve
from tests.server.test_tracing import spans  # noqa: F401  (a fixture)


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_a_ballots_trace_ends_with_its_transaction(table: Table, spans: InMemorySpanExporter) -> None:  # noqa: F811
    game, voters = table.start(*[ETHER] * 3, minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    foreign = {"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"}
    with serve(table) as client:
        for voter in voters:
            body = table.sign(voter, game, "e2e4")
            assert client.post(f"/api/v1/games/{game}/ballots", json=body, headers=foreign).status_code == 202
        assert client.get("/livez").status_code == 200
    table.run(lambda: len(named(spans, "relay.cast")) == 3)
    posts = {span.context.span_id: span for span in named(spans, "POST /games/{number}/ballots")}
    assert len(posts) == 3
    assert all(span.parent is None for span in posts.values()), "no visitor's trace is taken"
    for span in named(spans, "relay.cast"):
        assert span.parent is not None
        post = posts.pop(span.parent.span_id)
        assert span.context.trace_id == post.context.trace_id
        given = span.attributes or {}
        assert (given["proofmate.game"], given["proofmate.ok"]) == (game, True)
        receipt = table.w3.eth.get_transaction_receipt(given["proofmate.tx"])  # type: ignore[arg-type]
        assert receipt["blockNumber"] == given["proofmate.block"]
        assert post.attributes is not None and post.attributes["http.response.status_code"] == 202


def test_a_proofs_trace_ends_with_its_transaction(
    table: Table,
    spans: InMemorySpanExporter,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game, _ = table.start(worldIsWhite=False)
    prover: Any = SlowProver(0.2)
    tools = worker.Tools(prover, table.chain, table.redis, table.names, table.settings.payee or "", threading.Event())
    monkeypatch.setattr(worker, "tools", tools)
    position = table.chain.summary(game).position
    worker.prove(game, position.ply, position.key)
    table.run(lambda: named(spans, "relay.move"))
    (root,), (sent,) = named(spans, "proof"), named(spans, "relay.move")
    assert root.parent is None and sent.parent is not None and sent.parent.span_id == root.context.span_id
    children = {span.name for span in spans.get_finished_spans() if span.parent and span.context != root.context}
    assert {"proof.queued", "proof.quotient", "relay.move"} <= children
    assert (sent.attributes or {})["proofmate.ok"] is True and (root.attributes or {})["proofmate.game"] == game


def test_without_traces_nothing_is_kept(table: Table) -> None:
    game, voters = table.start(minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    with serve(table) as client:
        body = table.sign(voters[0], game, "e2e4")
        assert client.post(f"/api/v1/games/{game}/ballots", json=body).status_code == 202
    position = table.chain.summary(game).position
    kept = StoredBallot.load(table.redis.hget(table.names.ballots(game, 0, position.key), "0"))
    assert kept is not None and kept.trace is None
    assert StoredProof.model_fields["trace"].default is None, "records of an older server are read"
