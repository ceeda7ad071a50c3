from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from server import tracing
from server.files import SettingsError


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("proofmate"))
    yield exporter
    provider.shutdown()


def test_a_trace_goes_on_elsewhere(spans: InMemorySpanExporter) -> None:
    assert tracing.carried() is None, "outside a span there is nothing to go on with"
    with tracing.tracer.start_as_current_span("here"):
        text = tracing.carried()
    assert text is not None and text.startswith("00-") and int(text[-2:], 16) & 1
    tracing.record("there", text, 1000.5, 1002.0, game=3, ok=True)
    here, there = spans.get_finished_spans()
    assert there.context.trace_id == here.context.trace_id
    assert there.parent is not None and there.parent.span_id == here.context.span_id
    assert (there.start_time, there.end_time) == (1000_500_000_000, 1002_000_000_000)
    assert there.attributes == {"proofmate.game": 3, "proofmate.ok": True}


def test_what_is_not_sampled_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "tracer", TracerProvider(sampler=ALWAYS_OFF).get_tracer("proofmate"))
    with tracing.tracer.start_as_current_span("here"):
        assert tracing.carried() is None


def test_nonsense_in_redis_begins_another_trace(spans: InMemorySpanExporter) -> None:
    for text in ("", "00-zz", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 10_000):
        tracing.record("there", text, 1.0, 2.0)
    assert all(span.parent is None for span in spans.get_finished_spans())


def test_without_a_collector_nothing_happens() -> None:
    before = trace.get_tracer_provider()
    tracing.configure("api", None)
    assert trace.get_tracer_provider() is before


def test_without_the_sdk_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT: .*requirements/traces\.txt"):
        tracing.configure("api", "http://127.0.0.1:1")


def test_spans_reach_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, bytes]] = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    made: list[TracerProvider] = []
    monkeypatch.setattr(trace, "set_tracer_provider", made.append)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        tracing.configure("relay", url)
        made[0].get_tracer("proofmate").start_span("relay.cast").end()
        made[0].shutdown()
        server.shutdown()
    ((path, body),) = asked
    assert path == "/v1/traces" and b"relay.cast" in body and b"proofmate-relay" in body
