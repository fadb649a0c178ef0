"""Lists over HTTP: what is asked reaches the ranking, what it answers goes out as it is."""

import pytest

from intentrec.serving.ranking import Ask, Filters
from serving_fakes import ENTRY, NOW, FakeHolder


@pytest.fixture
def holder(tmp_path):
    holder = FakeHolder(tmp_path / "shop")
    yield holder
    holder.store.close()


@pytest.fixture
def client(holder):
    return holder.client()


def test_a_users_list_says_whose_it_is_and_how_it_was_made(client):
    answer = client.get("/v1/users/anna/recommendations")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "user_id": "anna", "release": "r0001", "source": "stored", "n": 1, "items": [ENTRY]
    }  # fmt: skip
    assert client.get("/v1/users/nobody/recommendations").json()["source"] == "popular"


def test_every_option_reaches_the_ranking(client, holder):
    query = (
        "k=7&include_viewed=true&category=Tea+things&category=b%C3%BCcher&not_category=c&brand=d&min_price=1.5"
        "&max_price=9&item=a%2Fb&not_item=c&beta=0.25&diversity=0&explain=0"
    )
    client.get(f"/v1/users/anna/recommendations?{query}")
    filters = Filters(
        categories=frozenset({"Tea things", "bücher"}), not_categories=frozenset("c"), brands=frozenset("d"),
        min_price=1.5, max_price=9.0, items=frozenset({"a/b"}), not_items=frozenset("c"),
    )  # fmt: skip
    asked = Ask(k=7, filter_viewed=False, filters=filters, beta=0.25, diversity=0.0, explain=False)
    assert holder.fake.asked == [("stored", "anna", asked)]


def test_without_options_the_question_is_the_plain_one(client, holder):
    client.get("/v1/users/anna/recommendations")
    assert holder.fake.asked == [("stored", "anna", Ask())]


@pytest.mark.parametrize(
    ("path", "user"),
    [
        ("a%2Fb", "a/b"),
        ("a%2fb%2F", "a/b/"),
        ("%2F", "/"),
        ("a%20b+c", "a b+c"),
        ("%D0%BC%D0%B8%D1%80", "мир"),
        ("a%2Frecommendations", "a/recommendations"),
        ("%252F", "%2F"),
        ("why", "why"),
        ("%E2%80%AE%F0%9F%98%80", "\u202e😀"),
    ],
)
def test_ids_in_paths_may_be_any_text(client, holder, path, user):
    answer = client.get(f"/v1/users/{path}/recommendations")
    assert answer.json()["user_id"] == user
    assert holder.fake.asked[0][1] == user


@pytest.mark.parametrize("path", ["%FF", "%ED%B0%AF", "a%00", "x" * 501, "%C3%28", "%20", "%E2%80%AE"])
def test_ids_that_are_no_text_or_too_long_are_refused(client, path):
    answer = client.get(f"/v1/users/{path}/recommendations")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["path", "user_id"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("k=0", "k"), ("k=201", "k"), ("k=-1", "k"), ("k=1e3", "k"), ("k=99999999999999999999999", "k"), ("k=", "k"),
        ("k=1&k=2", "k"), ("beta=nan", "beta"), ("beta=-0.1", "beta"), ("beta=1.1", "beta"),
        ("diversity=inf", "diversity"), ("min_price=-1", "min_price"), ("max_price=1e999", "max_price"),
        ("explain=perhaps", "explain"),
        ("kk=5", "kk"), ("category=%FF", "category"), ("category=", "category"), ("item=a%00b", "item"), ("=", ""),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused_with_their_name(client, query, name):
    answer = client.get(f"/v1/users/anna/recommendations?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["loc"][:2] == ["query", name]


def test_all_faults_are_told_at_once(client):
    errors = client.get("/v1/users/anna/recommendations?k=0&beta=7&no=1").json()["errors"]
    assert [error["loc"][1] for error in errors] == ["k", "beta", "no"]
    assert [error["value"] for error in errors] == ["'0'", "'7'", "'1'"]


def test_similar_items_and_channels_say_what_they_are_about(client, holder):
    assert client.get("/v1/items/a%2Fb/similar?k=3").json()["item_id"] == "a/b"
    assert client.get("/v1/users/anna/candidates?channel=tag").json()["source"] == "channel:tag"
    assert client.get("/v1/users/anna/candidates").status_code == 422
    assert [asked[0] for asked in holder.fake.asked] == ["similar", "channel:tag"]


def test_what_does_not_exist_is_a_404_that_says_so(client):
    answer = client.get("/v1/items/nothing/similar")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no item 'nothing'."


def test_a_history_of_nobody_is_ranked_in_its_order(client, holder):
    body = {
        "events": [
            {"event": "purchase", "item_id": "i1"},
            {"event": "search", "query": "tea", "timestamp": "2026-02-28T23:00:00+01:00"},
            {"event": "view", "item_id": "i2", "weight": 2},
        ],
        "k": 3, "category": ["tea"],
    }  # fmt: skip
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 200
    assert answer.json() == {"release": "r0001", "source": "history", "n": 1, "items": [ENTRY]}
    _, events, ask = holder.fake.asked[0]
    assert ask == Ask(k=3, filters=Filters(categories=frozenset({"tea"})))
    assert [(event.event, event.item_id, event.query) for event in events] == [
        ("purchase", "i1", None), ("search", None, "tea"), ("view", "i2", None),
    ]  # fmt: skip
    assert events[0].timestamp < events[2].timestamp == NOW
    assert events[1].timestamp.isoformat() == "2026-02-28T22:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"events": []}, {"events": [{"event": "purchase"}]}, {"events": [{"event": "steal", "item_id": "i"}]},
        {"events": [{"event": "view", "item_id": "i", "timestamp": 5}]}, [], 5, "text",
        {"events": [{"event": "view", "item_id": "i"}], "k": "5"}, {"events": [{"event": "view", "item_id": " "}]},
        {"events": [{"event": "view", "item_id": "i"}], "k": 2.5},
        {"events": [{"event": "view", "item_id": "i", "timestamp": "2026-03-01T12:30:00Z"}]},
        {"events": [{"event": "view", "item_id": "i", "timestamp": "0001-01-01T00:00:00+14:00"}]},
        {"events": [{"event": "view", "item_id": "i", "timestamp": "9999-12-31T23:59:59-14:00"}]},
    ],
)  # fmt: skip
def test_histories_that_cannot_be_are_refused(client, holder, body):
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert not holder.fake.asked


def test_wishes_are_handed_on_with_whom_they_are_for(client, holder):
    answer = client.post("/v1/wishes", json={"wishes": ["warm slippers"], "user_id": "anna", "explain": False})
    assert answer.json()["user_id"] == "anna"
    assert holder.fake.asked == [("wishes", ["warm slippers"], Ask(explain=False), "anna")]
    assert client.post("/v1/wishes", json={"wishes": ["tea"]}).json()["user_id"] is None
    assert client.post("/v1/wishes", json={"wishes": []}).status_code == 422
