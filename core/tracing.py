"""OpenTelemetry spans from a ticket's intake to its decision: ids and counts, never text.

Nothing is recorded unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set and the extra `otel` is installed.
Where a trace goes on is told as a `traceparent` (W3C Trace Context), which is None while nothing is
recorded, so that callers need no other switch.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from core.errors import Invalid

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACEPARENT = "traceparent"
"""Name of the header of a message that says where its trace goes on."""
_FLUSH_MS = 1_000
_SCOPE = "pointsman"
_PROPAGATOR = TraceContextTextMapPropagator()
Value = str | int | float | bool


def start_tracing(process: str) -> None:
    """Has spans of this process exported by OTLP over HTTP, if the environment says where to.

    Raises:
        Invalid: it does, and the extra `otel` is not installed.
    """
    if not os.environ.get(ENDPOINT):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        fix = "install the extra `otel`, or unset it"
        raise Invalid(ENDPOINT, f"is set and {error.name} is missing", fix) from error
    provider = TracerProvider(resource=Resource.create({"service.name": f"pointsman-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def flush_traces() -> None:
    """Sends what is recorded, within a second; for a process that ends without ceremony."""
    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush is not None:
        flush(_FLUSH_MS)


@contextmanager
def span(name: str, *, parent: str | None = None, **attributes: Value) -> Iterator[None]:
    """Records what happens inside, under `parent` or else under the span around it."""
    around = context.get_current() if parent is None else _context(parent)
    tracer = trace.get_tracer(_SCOPE)
    with tracer.start_as_current_span(name, context=around, attributes=attributes):
        yield


def record(
    name: str,
    seconds: float,
    attributes: Mapping[str, Value],
    *,
    parent: str | None = None,
    links: Iterable[str] = (),
) -> None:
    """Records something that took so many seconds until now.

    Args:
        name: of the span.
        seconds: 0 or more.
        attributes: ids and counts.
        parent: what it belongs to; None begins a trace.
        links: traces that it worked for.
    """
    now = time.time_ns()
    made = trace.get_tracer(_SCOPE).start_span(
        name,
        context=_context(parent),
        links=[
            trace.Link(trace.get_current_span(_context(one)).get_span_context()) for one in links
        ],
        attributes=attributes,
        start_time=now - round(seconds * 1e9),
    )
    made.end(now)


def here() -> str | None:
    """Where the trace of the span around goes on; None while nothing is recorded."""
    carrier: dict[str, str] = {}
    if trace.get_current_span().is_recording():
        _PROPAGATOR.inject(carrier)
    return carrier.get(TRACEPARENT)


def _context(parent: str | None) -> context.Context:
    """That of a traceparent; an empty one of None, and of what is none."""
    carrier = {} if parent is None else {TRACEPARENT: parent}
    return _PROPAGATOR.extract(carrier, context=context.Context())
