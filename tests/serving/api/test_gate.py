"""The gate: keys and scopes, rates, sizes, ids of requests, origins, and errors that say nothing of the inside."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.serving.api.bodies import limited
from intentrec.serving.api.gate import is_local
from intentrec.serving.api.problems import Problem, title
from intentrec.serving.api.rates import Rates
from intentrec.serving.keys import SCOPES
from serving_fakes import FakeHolder

ROUTES = [
    ("GET", "/v1/users/anna/recommendations", "read"),
    ("GET", "/v1/items/i1/similar", "read"),
    ("GET", "/v1/users/anna/candidates?channel=tag", "read"),
    ("GET", "/v1/users/anna/why/i1", "read"),
    ("GET", "/v1/users/anna/interests", "read"),
    ("POST", "/v1/recommendations", "read"),
    ("POST", "/v1/wishes", "read"),
    ("POST", "/v1/events", "write"),
    ("PUT", "/v1/items", "write"),
    ("POST", "/v1/users/anna/interests", "write"),
    ("PUT", "/v1/users/anna/interests/n1", "write"),
    ("DELETE", "/v1/users/anna/interests/n1", "write"),
    ("DELETE", "/v1/users/anna", "erase"),
    ("GET", "/v1/erasures/x", "erase"),
    ("POST", "/v1/labels", "label"),
    ("GET", "/v1/experiments", "read"),
    ("GET", "/v1/experiments/none", "read"),
    ("GET", "/metrics", "admin"),
]


@pytest.fixture
def holder(tmp_path):
    holder = FakeHolder(tmp_path / "shop", {"max_body_bytes": 2000})
    yield holder
    holder.store.close()


def test_every_route_is_listed_here(holder):
    paths = holder.client().get("/openapi.json").json()["paths"]
    declared = {
        (method.upper(), operation["security"][0]["key"][0])
        for path in paths.values() for method, operation in path.items() if "security" in operation
    }  # fmt: skip
    assert declared == {(method, scope) for method, _, scope in ROUTES}
    assert sum(len(path) for path in paths.values()) == len(ROUTES) + 2  # health and ready


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_route_needs_a_key_with_its_scope(holder, method, path, scope):
    tokens = {each: holder.key(each) for each in SCOPES}
    client = holder.client()
    assert client.request(method, path).status_code == 401
    assert client.request(method, path, headers={"Authorization": "Bearer wrong"}).status_code == 401
    for given_scope, token in tokens.items():
        status = client.request(method, path, headers={"Authorization": f"Bearer {token}"}).status_code
        assert (status == 403) == (given_scope not in (scope, "admin")), given_scope
        assert status != 401


def test_a_refusal_says_how_to_come_in_and_is_made_before_the_body_is_looked_at(holder):
    holder.key("read")
    answer = holder.client().post("/v1/events", content=b"{")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Basic {}", "bearer {}", "{}", "Bearer", "Bearer  {}"])
def test_only_bearer_tokens_are_keys(holder, header):
    token = holder.key("read")
    client = holder.client()
    answer = client.get("/v1/users/anna/recommendations", headers={"Authorization": header.format(token)})
    assert (answer.status_code == 200) == (header.lower().split()[0] == "bearer" and "{" in header)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("localhost:8080", 200), ("[::1]:80", 200), ("LOCALHOST", 200), ("127.8.8.8:1", 200),
        ("shop.example", 401), ("127.0.0.1.evil.example", 401), ("", 401), ("localhost.evil.example", 401),
    ],
)  # fmt: skip
def test_without_keys_only_this_machine_by_its_own_name_is_answered(holder, host, status):
    answer = holder.client().get("/v1/users/anna/recommendations", headers={"host": host})
    assert answer.status_code == status


def test_without_keys_a_server_that_others_can_reach_answers_nobody(tmp_path):
    holder = FakeHolder(tmp_path / "open", keyless=False)
    assert holder.client().get("/v1/users/anna/recommendations").status_code == 401
    assert holder.client().get("/metrics").status_code == 401
    assert holder.client().get("/health").status_code == 200
    holder.store.close()


def test_a_key_that_is_made_while_the_server_runs_closes_it(holder):
    client = holder.client()
    assert client.get("/v1/users/anna/recommendations").status_code == 200
    holder.key("read")
    assert client.get("/v1/users/anna/recommendations").status_code == 401


def test_whether_it_lives_and_is_ready_needs_no_key(holder):
    holder.key("read")
    client = holder.client()
    assert client.get("/health").json() == {"status": "up"}
    assert client.get("/ready").json()["release"] == "r0001"


def test_not_ready_is_a_503_with_a_reason(holder):
    holder.store.close()
    answer = holder.client().get("/ready")
    assert answer.status_code == 503
    assert "Not ready" in answer.json()["detail"]


def test_metrics_are_text(holder):
    answer = holder.client().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")


def test_rates_are_kept_for_each_key(tmp_path):
    holder = FakeHolder(tmp_path / "shop", {"rate_per_second": 0.5, "rate_burst": 2})
    first, second, now = holder.key("read"), holder.key("read"), [0.0]
    client = holder.client(first, clock=lambda: now[0])
    path = "/v1/users/anna/recommendations"
    assert [client.get(path).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get(path)
    assert refused.headers["retry-after"] == "2"
    assert client.get(path, headers={"Authorization": f"Bearer {second}"}).status_code == 200
    assert client.get("/health").status_code == 200
    now[0] += 2.0
    assert [client.get(path).status_code for _ in range(2)] == [200, 429]
    holder.store.close()


@given(
    st.floats(0.1, 100), st.integers(1, 20), st.lists(st.floats(0, 10), min_size=1, max_size=60),
)  # fmt: skip
def test_no_more_is_let_through_than_the_burst_and_the_rate_allow(rate, burst, pauses):
    now = [0.0]
    rates = Rates(rate, burst, lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        passed += not rates.take("key")
        assert passed <= burst + now[0] * rate + 1e-6
    wait = rates.take("key")
    now[0] += wait + 1e-9
    assert not wait or not rates.take("key")


def test_ids_of_requests_are_kept_where_they_are_well_formed_and_made_elsewhere(holder):
    client = holder.client()
    assert client.get("/health", headers={"X-Request-ID": "a.b_C-9"}).headers["x-request-id"] == "a.b_C-9"
    for bad in ("", "a b", "x" * 129, "a\tb", "é".encode()):
        made = client.get("/health", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert len(made) == 16
    assert client.get("/nowhere").headers["x-request-id"]


def test_answers_are_not_sniffed_or_stored(holder):
    headers = holder.client().get("/v1/users/anna/recommendations").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/users/anna", 405), ("POST", "/health", 405), ("GET", "/v1/items/", 404)],
)
def test_what_is_not_there_is_a_problem_like_any_other(holder, method, path, status):
    answer = holder.client().request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["title"] == title(status)
    assert ("allow" in answer.headers) == (status == 405)


def test_a_fault_of_ours_says_nothing_of_the_inside(holder, caplog):
    holder.fake.fails = RuntimeError("secret")
    answer = holder.client().get("/v1/users/anna/recommendations", headers={"X-Request-ID": "q1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "q1"
    assert "secret" not in answer.text
    assert [record.request_id for record in caplog.records if record.exc_info] == ["q1"]


def test_a_declared_length_that_is_too_long_is_refused_unread(holder):
    answer = holder.client().post("/v1/events", content=b"x" * 2001, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert "2000 bytes" in answer.json()["detail"]


def test_a_body_without_a_declared_length_is_refused_while_it_is_read(holder):
    def endless():
        for _ in range(100):
            yield b" " * 100

    answer = holder.client().post("/v1/events", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def messages(*parts):
    queue = [{"type": "http.request", "body": part, "more_body": n < len(parts) - 1} for n, part in enumerate(parts)]

    async def receive():
        return queue.pop(0) if queue else {"type": "http.disconnect"}

    return receive


def test_a_body_is_handed_on_as_it_comes_up_to_its_longest():
    async def read():
        receive = limited(messages(b"abc", b"de"), b"5", 5, 10)
        return [(await receive()).get("body") for _ in range(3)]

    assert asyncio.run(read()) == [b"abc", b"de", None]


def test_a_body_that_does_not_come_is_given_up():
    async def never():
        await asyncio.Event().wait()

    async def read():
        await limited(never, None, 5, 0.01)()

    with pytest.raises(Problem) as problem:
        asyncio.run(read())
    assert problem.value.status_code == 408


def test_no_origin_is_allowed_by_default(holder):
    client = holder.client()
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in client.options("/v1/events", headers=asked).headers
    answer = client.get("/v1/users/anna/recommendations", headers={"Origin": "https://shop.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_named_origins_may_ask_and_others_may_not(tmp_path):
    holder = FakeHolder(tmp_path / "shop", {"cors_origins": ["https://shop.example/"]})
    client = holder.client()
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/v1/events", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    answer = client.get("/v1/users/anna/recommendations", headers={"Origin": "https://shop.example"})
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    other = client.get("/v1/users/anna/recommendations", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["vary"] == "Origin"
    assert client.options("/v1/events", headers=asked | {"Origin": "https://evil.example"}).status_code == 405
    holder.store.close()


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 202), ("none", 202)]
)
def test_a_page_elsewhere_cannot_make_a_browser_change_anything(holder, site, status):
    headers = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
    assert holder.client().delete("/v1/users/anna", headers=headers).status_code == status
    assert holder.client().get("/health", headers=headers).status_code == 200


@given(st.binary(max_size=30))
def test_a_host_is_local_only_by_a_loopback_name(host):
    name = host.lower().rsplit(b":", 1)[0] if not host.endswith(b"]") else host.lower()
    if is_local(host):
        assert name in (b"localhost", b"[::1]") or name.startswith(b"127.")


def test_problems_have_a_title_even_where_a_status_has_no_name():
    assert title(499) == "Error"
    assert json.dumps(Problem(499, "x").detail) == '"x"'
