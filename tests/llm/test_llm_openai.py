import json
import types
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from intentrec.errors import ConfigError, LLMAnswerError, LLMError, LLMUnavailable
from intentrec.llm import Ledger, LedgeredModel, LLMConfig
from intentrec.llm.backends.openai import OpenAIBackend
from intentrec.llm.backends.openai_errors import retry_after, translate
from llm_world import SERVER_KEY, BadServer, Choice, Misbehaviour, ask, choice_schema, said

TEA = said('{"choice": "tea"}')


@pytest.fixture
def backend(bad_server: BadServer) -> Iterator[Any]:
    """Builds backends on the bad server; `backend.slept` are the waits."""
    built = []

    def build(*replies: Misbehaviour, **settings: Any) -> OpenAIBackend:
        bad_server.replies = list(replies)
        config = LLMConfig(**{"backend": "openai", "model": "m", "base_url": bad_server.url} | settings)
        one = OpenAIBackend(config, clock=lambda: sum(build.slept), sleep=build.slept.append)
        built.append(one)
        return one

    build.slept = []
    yield build
    for one in built:
        one.close()


def test_an_answer_is_read_with_its_tokens(backend, bad_server: BadServer) -> None:
    answer = backend(TEA, temperature=0.5, seed=7, extra_body={"top_k": 3}).ask(ask("?", max_tokens=9))
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens, answer.cut) == (
        '{"choice": "tea"}',
        7,
        3,
        False,
    )
    (body,) = bad_server.asked
    assert body["messages"] == [{"role": "user", "content": "?"}]
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("m", 9, 0.5, 7)
    assert body["top_k"] == 3
    assert body["response_format"]["json_schema"]["schema"] == choice_schema("tea", "coffee")


def test_a_stage_with_an_adapter_is_asked_under_the_adapters_name(backend, bad_server: BadServer) -> None:
    one = backend(TEA, adapters={"tags": {"model": "my-tags"}})
    for stage in ("tags", "interests"):
        one.ask(ask("?").model_copy(update={"stage": stage}))
    assert [body["model"] for body in bad_server.asked] == ["my-tags", "m"]
    assert (one.identity("tags").model, one.identity("interests").model) == ("m+my-tags", "m")
    assert one.identity("interests") == backend(TEA).identity("tags")
    assert one.identity("tags").decoding != one.identity("interests").decoding
    assert dict(one.learned) == {"tags": ""}


@pytest.mark.parametrize(("structured", "form"), [("json_object", {"type": "json_object"}), ("none", None)])
def test_without_schema_support_the_schema_stands_in_the_prompt(backend, bad_server, structured: str, form) -> None:
    backend(TEA, structured=structured, max_tokens_field="max_completion_tokens").ask(ask("?", max_tokens=9))
    (body,) = bad_server.asked
    assert body.get("response_format") == form
    assert body["messages"][0]["content"].startswith("?\n\nAnswer with nothing but JSON")
    assert json.dumps(choice_schema("tea", "coffee")) in body["messages"][0]["content"]
    assert body["max_completion_tokens"] == 9


def test_429_is_waited_out_as_long_as_the_server_says(backend) -> None:
    busy = Misbehaviour(429, '{"error": {"message": "slow down"}}', {"Retry-After": "7"})
    assert backend(busy, busy, TEA).ask(ask("?")).text == '{"choice": "tea"}'
    assert len(backend.slept) == 2
    assert all(7 <= wait <= 7.5 for wait in backend.slept)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_passing_trouble_is_tried_again_with_growing_waits(backend, status: int) -> None:
    trouble = Misbehaviour(status, "<html>busy</html>", content_type="text/html")
    assert backend(trouble, trouble, trouble, TEA).ask(ask("?")).text == '{"choice": "tea"}'
    first, second, third = backend.slept
    assert 0.25 <= first <= 0.5 <= second <= 1 <= third <= 2


def test_a_lost_connection_is_tried_again(backend) -> None:
    assert backend(Misbehaviour(drop=True), TEA).ask(ask("?")).text == '{"choice": "tea"}'


def test_a_server_that_stays_broken_is_given_up_after_max_retries(backend, bad_server: BadServer) -> None:
    with pytest.raises(LLMUnavailable, match=r"answered 500: .*asked 3 times.*intentrec doctor"):
        backend(Misbehaviour(500, "{}"), max_retries=2).ask(ask("?"))
    assert len(bad_server.asked) == 3


def test_a_timeout_names_the_setting(backend, bad_server: BadServer) -> None:
    with pytest.raises(LLMUnavailable, match=r"did not answer within 0\.1 s.*llm\.timeout_s"):
        backend(Misbehaviour(hang=True), timeout_s=0.1, max_retries=1).ask(ask("?"))
    assert len(backend.slept) == 1


def test_an_unreachable_server_is_one_paragraph_with_its_url_and_what_to_do(bad_server: BadServer) -> None:
    bad_server.http.server_close()
    backend = OpenAIBackend(LLMConfig(model="m", base_url=bad_server.url, max_retries=0))
    with pytest.raises(LLMUnavailable) as told:
        backend.ask(ask("?"))
    backend.close()
    message = str(told.value)
    assert "\n" not in message
    for part in (bad_server.url, "cannot be reached", "intentrec doctor", 'llm.backend = "none"'):
        assert part in message
    assert told.value.retryable


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "OPENAI_API_KEY"), (403, "OPENAI_API_KEY"), (404, "serve the model 'm'"), (418, "doctor")],
)
def test_what_waiting_cannot_cure_is_told_at_once(backend, bad_server: BadServer, status: int, hint: str) -> None:
    with pytest.raises(LLMUnavailable, match=f"answered {status}.*{hint}"):
        backend(Misbehaviour(status, '{"error": {"message": "no"}}')).ask(ask("?"))
    assert len(bad_server.asked) == 1


def test_no_credit_is_not_taken_for_a_busy_server(backend, bad_server: BadServer) -> None:
    empty = Misbehaviour(429, '{"error": {"message": "quota", "code": "insufficient_quota"}}')
    with pytest.raises(LLMUnavailable, match="no credit left"):
        backend(empty).ask(ask("?"))
    assert len(bad_server.asked) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_is_no_outage(backend, status: int) -> None:
    with pytest.raises(LLMAnswerError, match=r"context length.*llm\.structured"):
        backend(Misbehaviour(status, '{"error": {"message": "maximum context length"}}')).ask(ask("?"))


@pytest.mark.parametrize(
    "page",
    [
        Misbehaviour(body="<html><body>Welcome to nginx</body></html>", content_type="text/html"),
        Misbehaviour(body="not json at all"),
        Misbehaviour(body='["a list"]'),
        Misbehaviour(body='{"object": "other"}'),
        Misbehaviour(body="null"),
    ],
)
def test_a_reply_that_is_no_chat_completion_is_an_outage_or_no_answer(backend, page: Misbehaviour) -> None:
    with pytest.raises(LLMError) as told:
        backend(page, max_retries=0).ask(ask("?"))
    assert type(told.value) in (LLMUnavailable, LLMAnswerError)


def test_a_web_page_hints_at_the_address(backend) -> None:
    page = Misbehaviour(body="<html>Welcome to nginx</html>", content_type="text/html")
    with pytest.raises(LLMUnavailable, match=r"no chat completion: '<html>Welcome.*llm\.base_url"):
        backend(page).ask(ask("?"))


@pytest.mark.parametrize(
    "reply",
    [
        Misbehaviour(body=json.dumps(json.loads(TEA.body) | {"choices": []})),
        Misbehaviour(body=json.dumps(json.loads(TEA.body) | {"choices": [{"index": 0}]})),
        said("", refusal="I cannot help with that."),
        said("x", finish="content_filter"),
    ],
)
def test_a_reply_without_an_answer_concerns_this_request_only(backend, reply: Misbehaviour) -> None:
    with pytest.raises(LLMAnswerError, match="without a choice|declined"):
        backend(reply).ask(ask("?"))


def test_a_cut_answer_and_a_server_that_counts_no_tokens(backend) -> None:
    reply = json.loads(said('{"cho', finish="length").body)
    del reply["usage"]
    answer = backend(Misbehaviour(body=json.dumps(reply))).ask(ask("a question"))
    assert (answer.cut, answer.prompt_tokens, answer.completion_tokens) == (True, 7, 2)


def test_nonsense_ends_as_errors_of_completions_after_repair(backend, bad_server: BadServer) -> None:
    model = LedgeredModel(backend(said("Bananas!")), Ledger(None), LLMConfig())
    (completion,) = model.complete([ask("?")], Choice)
    assert (completion.value, completion.attempts, len(bad_server.asked)) == (None, 2, 2)
    assert completion.error.startswith("not-json")
    model.close()


def test_the_rate_is_held(backend) -> None:
    one = backend(TEA, rpm=2)
    for _ in range(3):
        one.ask(ask("?"))
    assert backend.slept == [60]


def test_a_model_must_be_named() -> None:
    with pytest.raises(ConfigError, match=r"llm\.model is empty"):
        OpenAIBackend(LLMConfig(backend="openai"))


def sdk_errors() -> list[type[Exception]]:
    found, queue = [], [openai.OpenAIError]
    while queue:
        found.append(queue.pop())
        queue.extend(found[-1].__subclasses__())
    return sorted(set(found), key=lambda kind: kind.__name__)


def an(kind: type[Exception]) -> Exception:
    """An instance as the client would raise it, without going through constructors that differ by version."""
    error = kind.__new__(kind, "it happened")
    status = {"InternalServerError": 500, "APIStatusError": 418}.get(kind.__name__, getattr(kind, "status_code", 418))
    error.status_code, error.code = status, None
    error.response = types.SimpleNamespace(headers={})
    return error


@pytest.mark.parametrize("kind", sdk_errors())
def test_every_error_of_the_client_becomes_one_of_ours_with_a_hint(kind: type[Exception]) -> None:
    error = translate(an(kind), LLMConfig(model="m"))
    assert type(error) in (LLMUnavailable, LLMAnswerError)
    assert error.hint
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "2.5"}, 2.5), ({"retry-after": "-1"}, 0), ({"retry-after": "Mon, 1 Jan"}, None), ({}, None)],
)
def test_retry_after_is_read_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    error = an(openai.RateLimitError)
    error.response = types.SimpleNamespace(headers=headers)
    assert retry_after(error) == seconds
    assert retry_after(ValueError()) is None


@pytest.fixture
def real(llm_server: str, monkeypatch) -> Iterator[OpenAIBackend]:
    monkeypatch.setenv("OPENAI_API_KEY", SERVER_KEY)
    backend = OpenAIBackend(LLMConfig(model="SmolLM2", base_url=llm_server, concurrency=2))
    yield backend
    backend.close()


def test_a_real_server_answers_in_the_form_of_the_schema(real: OpenAIBackend) -> None:
    model = LedgeredModel(real, Ledger(None), LLMConfig(concurrency=2))
    requests = [ask(f"Is {drink} made of leaves or of beans?", max_tokens=30) for drink in ("tea", "coffee", "mate")]
    completions = model.complete(requests, Choice)
    assert {c.value.choice for c in completions} <= {"tea", "coffee"}
    assert all(c.prompt_tokens > 10 and c.completion_tokens > 3 for c in completions)
    model.close()


def test_a_real_server_that_cuts_the_answer_says_so(real: OpenAIBackend) -> None:
    assert real.ask(ask("Which?", max_tokens=1)).cut


def test_a_real_server_refuses_a_prompt_that_is_too_long(real: OpenAIBackend) -> None:
    with pytest.raises(LLMAnswerError, match="exceeds the available context size"):
        real.ask(ask("word " * 2000))


def test_a_real_server_wants_its_key(llm_server: str, monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    backend = OpenAIBackend(LLMConfig(model="m", base_url=llm_server))
    with pytest.raises(LLMUnavailable, match=r"answered 401.*OPENAI_API_KEY"):
        backend.ask(ask("?"))
    backend.close()
