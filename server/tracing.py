"""OpenTelemetry traces: of a ballot from its POST to the transaction that carries it, of a proof from the network's
turn to the chain. Without OTEL_EXPORTER_OTLP_ENDPOINT nothing is recorded and nothing is kept with ballots and proofs.

A trace goes from process to process as a W3C traceparent beside the ballot or the proof in Redis.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server.files import SettingsError

tracer = trace.get_tracer("proofmate")
"""Makes spans that are recorded once `configure` has named a collector, and cost a few microseconds before."""
_W3C = TraceContextTextMapPropagator()


def configure(process: str, endpoint: str | None) -> None:
    """Sends this process's spans to a collector (OTLP over HTTP), if there is one; the SDK reads the other variables
    that begin with OTEL_. Raises SettingsError if the SDK is not installed."""
    if endpoint is None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        text = "traces need opentelemetry-sdk and its exporter: install requirements/traces.txt"
        raise SettingsError(f"OTEL_EXPORTER_OTLP_ENDPOINT: {text}") from None
    provider = TracerProvider(resource=Resource.create({"service.name": f"proofmate-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def carried() -> str | None:
    """The present span for whoever goes on with its trace, in another process; None: it is not recorded."""
    if not trace.get_current_span().get_span_context().trace_flags.sampled:
        return None
    fields: dict[str, str] = {}
    _W3C.inject(fields)
    return fields.get("traceparent")


def record(name: str, parent: str | Context, start: float, end: float, **attributes: str | int | float | bool) -> None:
    """A span that has ended, of the trace that `carried` gave or of a context. Times in seconds of Unix time."""
    context = _W3C.extract({"traceparent": parent}) if isinstance(parent, str) else parent
    named = {f"proofmate.{key}": value for key, value in attributes.items()}
    tracer.start_span(name, context, start_time=int(start * 1e9), attributes=named).end(int(end * 1e9))
