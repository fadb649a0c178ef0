"""An erasure has nothing to take out of logs, traces and metrics: nobody is named there, whatever fails."""

import io
import json
import logging
from urllib.parse import quote

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from intentrec.errors import DataError, NotFoundError, WorkspaceError
from intentrec.serving.operations import traces
from intentrec.serving.operations.logs import JsonFormatter
from intentrec.serving.operations.metrics import metrics
from serving_fakes import NOW, FakeHolder

USER, WORDS, ITEM = "anna.karenina@example.org", "a samovar for two", "item of hers 7"
EVENT = {"event_id": "e1", "user_id": USER, "timestamp": NOW.isoformat(), "event": "search", "query": WORDS}
OF_USER = f"/v1/users/{quote(USER)}"
REQUESTS = [
    ("GET", f"{OF_USER}/recommendations?k=3&item={quote(ITEM)}", None),
    ("GET", f"{OF_USER}/recommendations?k={quote(WORDS)}", None),
    ("GET", f"{OF_USER}/candidates?channel=user", None),
    ("GET", f"{OF_USER}/why/{quote(ITEM)}", None),
    ("GET", f"{OF_USER}/interests", None),
    ("POST", f"{OF_USER}/interests", {"text": WORDS}),
    ("PUT", f"{OF_USER}/interests/{quote(WORDS)}", {"text": WORDS}),
    ("GET", f"/v1/items/{quote(ITEM)}/similar", None),
    ("POST", "/v1/recommendations", {"events": [EVENT | {"event": "nonsense"}], "k": 3}),
    ("POST", "/v1/wishes", {"wishes": [WORDS], "user_id": USER}),
    ("POST", "/v1/events", {"events": [EVENT]}),
    ("POST", "/v1/events", {"events": [EVENT | {"timestamp": USER}]}),
    ("POST", "/v1/labels", {"labels": [{"task": "tag", "subject": "x", "user_id": USER, "note": WORDS}]}),
    ("GET", f"/{quote(USER)}?q={quote(WORDS)}", None),
    ("DELETE", OF_USER, None),
]
FAULTS = (None, ValueError, NotFoundError, DataError, WorkspaceError, ExceptionGroup)


@pytest.fixture
def written():
    """All records of all loggers, as the server writes them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def sent():
    exporter = InMemorySpanExporter()
    traces.begin("", "worker", exporter=exporter)
    yield exporter
    traces.end()


def error_of(kind):
    return (
        None
        if kind is None
        else kind(f"{USER} wants {WORDS}", *([[ValueError(ITEM)]] if kind is ExceptionGroup else []))
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_nobody_is_named(tmp_path, written, sent, fault):
    holder = FakeHolder(tmp_path / "shop", {"log_requests": "all"})
    token = holder.key("admin")
    client = holder.client(token)
    holder.fake.fails = error_of(fault)
    statuses = {client.request(method, path, json=body).status_code for method, path, body in REQUESTS}
    holder.store.close()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert {line["status"] for line in lines if line["message"] == "request"} == statuses
    assert fault is None or statuses & {404, 500, 503}
    spans = [span.to_json() for span in sent.get_finished_spans()]
    for text in (written.getvalue(), "\n".join(spans), metrics().exposition()[0].decode()):
        for secret in (USER, quote(USER), "karenina", "samovar", quote(WORDS), ITEM, quote(ITEM), token):
            assert secret not in text


def test_requests_have_spans_with_the_work_within_them(tmp_path, sent):
    holder = FakeHolder(tmp_path / "shop")
    client = holder.client()
    assert client.post("/v1/events", json={"events": [EVENT]}).status_code == 200
    assert client.get(f"{OF_USER}/candidates?channel=user").status_code == 200
    holder.store.close()
    events, posted, channel, asked = sent.get_finished_spans()
    assert (events.name, channel.name) == ("add_events", "channel")
    assert (events.parent.span_id, channel.parent.span_id) == (posted.context.span_id, asked.context.span_id)
    assert posted.name == "POST /v1/events"
    assert asked.attributes["http.route"] == "/v1/users/{user_id}/candidates"
    assert asked.attributes["http.response.status_code"] == 200
