"""Spans for OpenTelemetry: off, and nearly free, until `begin` is called where a process of the server starts.

Spans hold no user ids, queries or words of errors; see `logs`.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from intentrec import __version__
from intentrec.extras import require

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

SERVICE = "intentrec"
STATUS = "http.response.status_code"
_Value = str | int | float | bool


class Span:
    """A part of the work on a request, timed from `with` to its end. This one times nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def set(self, name: str, value: _Value) -> None:
        """Say something about it: counts, names of releases and sources; nothing about a person."""


_NONE = Span()


class _Traces:
    """The process's own."""

    provider: Any = None
    tracer: Any = None


_traces = _Traces()


def begin(endpoint: str, role: str, share: float = 1.0, *, exporter: "SpanExporter | None" = None) -> None:
    """Send the spans of this process from now on.

    Args:
        endpoint: URL of a collector that takes OTLP over HTTP, e.g. "http://127.0.0.1:4318/v1/traces".
        role: "worker" or "keeper".
        share: Of the requests that come without a trace of their own, so many are traced.
        exporter: Takes the spans instead of the collector, each as it ends.

    Raises:
        MissingExtra: OpenTelemetry is not installed.
    """
    require("opentelemetry", "traces")
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    about = Resource({"service.name": SERVICE, "service.version": __version__, "intentrec.role": role})
    provider = TracerProvider(resource=about, sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter) if exporter else _to_collector(endpoint))
    _traces.provider, _traces.tracer = provider, provider.get_tracer(SERVICE, __version__)


def end() -> None:
    """Send what is left, and stop."""
    if _traces.provider is not None:
        _traces.provider.shutdown()
    _traces.provider = _traces.tracer = None


def span(name: str) -> Span:
    """A part of the request in whose span it begins."""
    return _NONE if _traces.tracer is None else _Timed(name)


def request_span(method: str, route: str, headers: Mapping[str, str]) -> Span:
    """The whole of a request.

    Args:
        route: The template, never the path.
        headers: In lower case; `traceparent` makes it a part of the caller's trace.
    """
    if _traces.tracer is None:
        return _NONE
    made = _Timed(f"{method} {route}", headers)
    made.set("http.request.method", method)
    made.set("http.route", route)
    return made


class _Timed(Span):
    def __init__(self, name: str, headers: Mapping[str, str] | None = None) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        whole = headers is not None
        self._begun = _traces.tracer.start_span(
            name,
            context=TraceContextTextMapPropagator().extract(headers) if headers else None,
            kind=SpanKind.SERVER if whole else SpanKind.INTERNAL,
        )

    def __enter__(self) -> Self:
        from opentelemetry.trace import use_span

        # What an error says may name a person: only its kind is kept.
        self._current = use_span(self._begun, record_exception=False, set_status_on_exception=False)
        self._current.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        status = getattr(error, "status_code", None)
        if status is not None:
            self.set(STATUS, status)
        if kind is not None and (status is None or status >= 500):
            self.fail(kind.__name__)
        self._current.__exit__(kind, error, at)
        self._begun.end()

    def set(self, name: str, value: _Value) -> None:
        self._begun.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        from opentelemetry.trace import StatusCode

        self.set("error.type", kind)
        self._begun.set_status(StatusCode.ERROR)


def _to_collector(endpoint: str) -> "SpanProcessor":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))
