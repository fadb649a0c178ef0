"""Spans say where a request's time went, and nothing about a person."""

import asyncio
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from intentrec import __version__
from intentrec.errors import MissingExtra
from intentrec.serving.operations import traces
from intentrec.serving.operations.traces import STATUS, request_span, span

ROUTE = "/v1/users/{user_id}/recommendations"
USER = "anna.karenina@example.org"


@pytest.fixture
def sent():
    exporter = InMemorySpanExporter()
    traces.begin("", "worker", exporter=exporter)
    yield exporter.get_finished_spans
    traces.end()


def test_off_there_is_one_span_that_does_nothing():
    assert span("ranking") is span("live") is request_span("GET", ROUTE, {})
    with span("ranking") as off:
        off.set("source", "stored")
    with pytest.raises(ValueError, match="x"), span("ranking"):
        raise ValueError("x")


def test_parts_lie_within_their_request(sent):
    with request_span("GET", ROUTE, {}) as whole:
        with span("ranking") as part:
            part.set("source", "stored")
        with span("live"):
            pass
        whole.set("http.response.status_code", 200)
    ranking, live, request = sent()
    assert [each.name for each in sent()] == ["ranking", "live", f"GET {ROUTE}"]
    assert ranking.parent.span_id == live.parent.span_id == request.context.span_id
    assert request.parent is None
    assert request.kind is SpanKind.SERVER
    assert dict(request.attributes) == {
        "http.request.method": "GET", "http.route": ROUTE, "http.response.status_code": 200
    }  # fmt: skip
    assert dict(ranking.attributes) == {"source": "stored"}
    assert request.start_time <= ranking.start_time <= ranking.end_time <= live.start_time <= request.end_time
    about = request.resource.attributes
    assert (about["service.name"], about["service.version"], about["intentrec.role"]) == (
        "intentrec", __version__, "worker"
    )  # fmt: skip


def test_a_request_goes_on_with_the_trace_of_its_caller(sent):
    trace = "0af7651916cd43dd8448eb211c80319c"
    with request_span("GET", ROUTE, {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}):
        pass
    (request,) = sent()
    assert f"{request.context.trace_id:032x}" == trace
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"


def test_requests_at_the_same_time_keep_their_parts_apart(sent):
    async def one(name):
        with request_span("GET", name, {}):
            await asyncio.sleep(0)
            with span(f"part of {name}"):
                await asyncio.sleep(0)

    async def all_of_them():
        await asyncio.gather(*(one(f"/{n}") for n in range(5)))

    asyncio.run(all_of_them())
    whole = {each.context.span_id: each.name for each in sent() if each.kind is SpanKind.SERVER}
    parts = [each for each in sent() if each.kind is SpanKind.INTERNAL]
    assert len(whole) == len(parts) == 5
    assert all(part.name == f"part of {whole[part.parent.span_id].removeprefix('GET ')}" for part in parts)


def test_an_error_leaves_its_kind_and_not_its_words(sent):
    with pytest.raises(LookupError, match=USER), span("ranking"):
        raise LookupError(f"There is no user {USER}.")
    (part,) = sent()
    assert part.status.status_code is StatusCode.ERROR
    assert dict(part.attributes) == {"error.type": "LookupError"}
    assert USER not in part.to_json()


@pytest.mark.parametrize(("status", "failed"), [(404, False), (503, True)])
def test_an_error_that_is_an_answer_fails_only_by_our_fault(sent, status, failed):
    from starlette.exceptions import HTTPException

    with pytest.raises(HTTPException), request_span("GET", ROUTE, {}):
        raise HTTPException(status, USER)
    (request,) = sent()
    assert request.attributes[STATUS] == status
    assert (request.status.status_code is StatusCode.ERROR) == failed
    assert USER not in request.to_json()


def test_a_share_of_the_requests_is_traced_and_callers_decide_for_theirs():
    exporter = InMemorySpanExporter()
    traces.begin("", "worker", 0.0, exporter=exporter)
    try:
        with request_span("GET", "/mine", {}), span("ranking"):
            pass
        with request_span("GET", "/theirs", {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}):
            pass
        assert [each.name for each in exporter.get_finished_spans()] == ["GET /theirs"]
    finally:
        traces.end()


def test_spans_reach_a_collector():
    bodies = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        traces.begin(f"http://127.0.0.1:{server.server_port}/v1/traces", "worker")
        with span("ranking"):
            pass
        traces.end()
        server.shutdown()
        thread.join()
    ((path, body),) = bodies
    assert path == "/v1/traces"
    assert b"ranking" in body


def test_without_opentelemetry_the_setting_names_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingExtra, match=r"needed for traces.*intentrec\[tracing\]"):
        traces.begin("http://127.0.0.1:1/v1/traces", "worker")
