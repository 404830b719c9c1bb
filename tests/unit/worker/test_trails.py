"""A ticket's trace from intake to decision, through the functions that carry it."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from broker.client import _headers
from broker.consumer import forget_request, note_request
from core import tracing
from core.errors import Invalid
from store.queue.claims import Claim
from tests.factories.values import a_claim
from worker.inbox import Inbox


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def _announce(inbox: Inbox, claims: Sequence[Claim]) -> None:
    """As the web process does, and then the worker that takes the message."""
    with tracing.span("intake", tickets=len(claims)):
        headers = _headers()
    task = SimpleNamespace(request=SimpleNamespace(headers=headers), name="tickets.route")
    note_request(task)
    inbox.put([claim.id for claim in claims])
    forget_request()


def _named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in exporter.get_finished_spans() if span.name == name]


def test_a_trace_goes_from_intake_to_decision_and_a_chunk_links_its_tickets(
    recorded: InMemorySpanExporter,
) -> None:
    inbox, first, second = Inbox(10), a_claim("t-1"), a_claim("t-2")
    _announce(inbox, [first])
    _announce(inbox, [second])
    inbox.trails.worked_on("chunk", [first, second], 0.5, tokens=12)
    inbox.trails.decided([(first, "model"), (second, "model")], 0.1)

    traces = [span.context.trace_id for span in _named(recorded, "intake")]
    assert [span.context.trace_id for span in _named(recorded, "message")] == traces
    assert [span.context.trace_id for span in _named(recorded, "decision")] == traces
    (chunk,) = _named(recorded, "chunk")
    assert [link.context.trace_id for link in chunk.links] == traces
    assert chunk.attributes == {"tickets": 2, "tokens": 12}
    assert chunk.end_time - chunk.start_time == 500_000_000  # type: ignore[operator]
    (decision, _) = _named(recorded, "decision")
    assert decision.attributes == {"ticket": str(first.id), "revision": 1, "rung": "model"}


def test_a_message_that_is_through_leaves_no_trace_to_the_next(
    recorded: InMemorySpanExporter,
) -> None:
    inbox, found = Inbox(10), a_claim()
    _announce(inbox, [a_claim()])
    inbox.put([found.id])
    inbox.trails.decided([(found, "model")], 0.1)
    assert not _named(recorded, "decision")


def test_the_oldest_trails_are_forgotten(recorded: InMemorySpanExporter) -> None:
    inbox, claims = Inbox(2), [a_claim(f"t-{n}") for n in range(3)]
    _announce(inbox, claims)
    inbox.trails.decided([(claim, "model") for claim in claims], 0.1)
    told = [dict(span.attributes or {})["ticket"] for span in _named(recorded, "decision")]
    assert told == [str(claim.id) for claim in claims[1:]]


def test_nothing_is_carried_while_nothing_is_recorded() -> None:
    inbox = Inbox(10)
    with tracing.span("intake"):
        assert tracing.here() is None
        assert "traceparent" not in _headers()
        inbox.put([a_claim().id])
    assert not inbox.trails._of


def test_an_endpoint_without_the_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(
        __import__("sys").modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None
    )
    with pytest.raises(Invalid, match="otel"):
        tracing.start_tracing("worker")
