"""What comes in is on disk before it is acknowledged, or refused as a whole with every reason."""

import math

import orjson
import pytest

from intentrec.errors import WorkspaceError
from intentrec.serving.operations.metrics import metrics
from serving_fakes import NOW, FakeHolder

EVENT = {
    "event_id": "e1", "user_id": "anna", "timestamp": "2026-03-01T11:00:00Z", "event": "purchase", "item_id": "i1"
}  # fmt: skip
JSON = {"content-type": "application/json"}


@pytest.fixture
def holder(tmp_path):
    holder = FakeHolder(tmp_path / "shop", {"max_batch": 10})
    yield holder
    holder.store.close()


@pytest.fixture
def client(holder):
    return holder.client()


def live_events(holder, user="anna"):
    holder.live.sync()
    return [event.event_id for event in holder.live.events(user)]


def test_events_are_kept_once_however_often_they_are_sent(client, holder):
    batch = {"events": [EVENT, EVENT | {"event_id": "e2", "item_id": None, "query": "tea"}]}
    assert client.post("/v1/events", json=batch).json() == {"accepted": 2, "duplicates": 0}
    assert live_events(holder) == ["e1", "e2"]
    assert client.post("/v1/events", json=batch).json() == {"accepted": 0, "duplicates": 2}
    assert live_events(holder) == ["e1", "e2"]


def test_an_item_that_nobody_knows_yet_is_no_reason_to_refuse(client):
    assert client.post("/v1/events", json={"events": [EVENT | {"item_id": "later"}]}).status_code == 200


def test_one_bad_row_refuses_the_batch_and_every_bad_row_is_listed(client, holder):
    rows = [
        EVENT,
        EVENT | {"event_id": "e2", "event": "steal"},
        EVENT | {"event_id": "e3", "timestamp": "2026-03-01T12:06:00Z"},
        EVENT | {"event_id": "e4", "timestamp": "1970-01-01T00:00:00Z"},
        EVENT | {"event_id": "e5", "item_id": None},
        EVENT | {"event_id": "e6", "timestamp": "2026-03-01T11:00:00"},
        EVENT | {"event_id": "e7", "colour": "red"},
        {name: value for name, value in EVENT.items() if name != "user_id"},
    ]
    answer = client.post("/v1/events", json={"events": rows})
    assert answer.status_code == 422
    places = {tuple(error["loc"]) for error in answer.json()["errors"]}
    assert places == {
        ("body", "events", 1, "event"), ("body", "events", 2, "timestamp"), ("body", "events", 3, "timestamp"),
        ("body", "events", 4), ("body", "events", 5, "timestamp"), ("body", "events", 6, "colour"),
        ("body", "events", 7, "user_id"),
    }  # fmt: skip
    assert live_events(holder) == []


def test_refused_rows_are_counted(holder, monkeypatch):
    counted = []
    monkeypatch.setattr(type(metrics()), "events", lambda _, *numbers, **named: counted.append((numbers, named)))
    client = holder.client()
    bad = EVENT | {"event": "steal", "weight": "1"}
    client.post("/v1/events", json={"events": [EVENT, bad, bad]})
    client.post("/v1/events", content=b"{", headers=JSON)
    client.post("/v1/events", json={"events": [EVENT]})
    assert counted == [((), {"refused": 2}), ((), {"refused": 1}), ((1, 0), {})]


def test_clocks_may_differ_by_as_much_as_the_settings_say(client):
    at_most = EVENT | {"timestamp": "2026-03-01T12:05:00Z"}
    assert client.post("/v1/events", json={"events": [at_most]}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"event_id": ""}, {"event_id": "x" * 501}, {"event_id": 5}, {"event_id": None}, {"user_id": "a\0b"},
        {"weight": "1"}, {"weight": True}, {"weight": 1e300}, {"value": -1e16}, {"timestamp": 1_700_000_000},
        {"timestamp": "yesterday"}, {"timestamp": "2026-13-01T00:00:00Z"}, {"query": ""}, {"query": "x" * 10_001},
        {"item_id": {"a": 1}}, {"event": ["view"]}, {"event": 10**30},
    ],
)  # fmt: skip
def test_values_of_the_wrong_kind_are_refused(client, change):
    answer = client.post("/v1/events", json={"events": [EVENT | change]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][:3] == ["body", "events", 0]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"\\ud800"', b"\xff", b'{"events": NaN}', b"[" * 5000,
        b'{"events":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"events": [1e999]}', b"\xef\xbb\xbf{}", b'{"events": {}}', b'{"a":' * 900 + b"1" + b"}" * 900,
    ],
)  # fmt: skip
def test_bodies_that_are_no_batch_are_refused(client, body):
    answer = client.post("/v1/events", content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["status"] == 422


def test_a_batch_has_at_most_as_many_rows_as_the_settings_say(client):
    rows = [EVENT | {"event_id": str(n)} for n in range(11)]
    assert client.post("/v1/events", json={"events": rows}).status_code == 422
    assert client.post("/v1/events", json={"events": rows[:10]}).json()["accepted"] == 10
    assert client.post("/v1/events", json={"events": []}).status_code == 422


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_what_does_not_say_that_it_is_json_is_not_read(client, holder, kind):
    headers = {} if kind is None else {"content-type": kind}
    answer = client.post("/v1/events", content=orjson.dumps({"events": [EVENT]}), headers=headers)
    assert answer.status_code == 415
    assert live_events(holder) == []


def test_json_may_name_its_encoding(client):
    answer = client.post(
        "/v1/events",
        content=orjson.dumps({"events": [EVENT]}),
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )
    assert answer.status_code == 200


def test_items_are_kept_with_attributes_of_their_own(client, holder):
    item = {"item_id": "n1", "title": "New <cup>", "price": 3.5, "colour": "red", "eco": True}
    assert client.put("/v1/items", json={"items": [item]}).json() == {"accepted": 1, "duplicates": 0}
    holder.live.sync()
    kept = holder.live.items["n1"]
    assert (kept.title, kept.price) == ("New <cup>", 3.5)
    assert kept.attributes() == {"colour": "red", "eco": True}


@pytest.mark.parametrize(
    "change",
    [{"price": -1}, {"price": "3"}, {"title": ""}, {"nested": {"a": 1}}, {"listed": [1]},
        {"": 1}, {"a b": 1}, {"big": 2**70}, {"created_at": 5}],
)  # fmt: skip
def test_items_that_cannot_be_are_refused(client, change):
    answer = client.put("/v1/items", json={"items": [{"item_id": "n1", "title": "New"} | change]})
    assert answer.status_code == 422


def test_labels_are_signed_with_the_name_of_the_key(holder):
    client = holder.client(holder.key("label"))
    label = {"task": "tag", "subject": "n1", "criterion": "fits", "verdict": "yes"}
    assert client.post("/v1/labels", json={"labels": [label, label | {"rater": "eve"}]}).json()["accepted"] == 2
    kept = holder.store.labels()
    assert [each.rater for each in kept] == ["key0", "eve"]
    assert {each.at for each in kept} == {NOW}


def test_when_nothing_can_be_stored_nothing_is_acknowledged_and_no_path_is_told(client, holder, monkeypatch):
    def full(*_):
        raise WorkspaceError("The disk that holds /srv/secret/live.sqlite is full.")

    monkeypatch.setattr(holder.store, "queue_events", full)
    monkeypatch.setattr(holder.store, "put_items", full)
    client = holder.client()
    for answer in (
        client.post("/v1/events", json={"events": [EVENT]}),
        client.put("/v1/items", json={"items": [{"item_id": "n1", "title": "New"}]}),
    ):
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "secret" not in answer.text


def test_a_thousand_bad_rows_are_listed_and_more_are_counted(tmp_path):
    holder = FakeHolder(tmp_path / "large", {"max_batch": 2000})
    answer = holder.client().post("/v1/events", json={"events": [{}] * 500}).json()
    assert len(answer["errors"]) == 1000
    assert answer["detail"].startswith("2000 values cannot be used, of which the first 1000 are listed")
    holder.store.close()


def test_values_are_shown_short(client):
    answer = client.post("/v1/events", json={"events": [EVENT | {"timestamp": "x" * 10_000, "weight": math.pi * 1e20}]})
    assert max(len(error["value"]) for error in answer.json()["errors"]) <= 80
