import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from intentrec.errors import BudgetExceeded, ConfigError, LLMAnswerError, LLMUnavailable
from intentrec.llm import EstimatingModel, Ledger, LLMConfig, Request
from intentrec.llm.backends.scripted import ScriptedBackend, UnscriptedPrompt
from llm_world import Choice, ask

GOOD, BAD = {"choice": "tea"}, {"choice": "cocoa"}


def said(request: Request) -> dict[str, str]:
    return GOOD


def bad_at_first(request: Request) -> dict[str, str]:
    return GOOD if len(request.messages) > 1 else BAD


class Bars:
    """A progress that keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, int | None, int]] = []

    @contextmanager
    def track(self, label, total=None):
        done = []
        yield done.append
        self.shown.append((label, total, sum(done)))


def test_completions_come_in_the_order_of_requests(scripted) -> None:
    model = scripted({"a": {"choice": "tea"}, "b": {"choice": "coffee"}}, concurrency=2)
    texts = ["b", "a", "b", "a", "a"]
    completions = model.complete([ask(text) for text in texts], Choice)
    assert [c.value.choice for c in completions] == ["coffee", "tea", "coffee", "tea", "tea"]
    assert [c.request.messages[0].content for c in completions] == texts
    assert {(c.model, c.error, c.attempts) for c in completions} == {("scripted", None, 1)}


def test_nothing_asked_is_nothing_answered(scripted) -> None:
    assert scripted({}).complete([], Choice) == []


def test_equal_requests_of_different_users_are_asked_once_and_stored_for_both(scripted) -> None:
    backend = ScriptedBackend(said)
    model = scripted(backend)
    first, second = model.complete([ask("?", subject="u1"), ask("?", subject="u2")], Choice)
    assert len(backend.asked) == 1
    assert (first.cached, second.cached) == (False, True)
    assert model.ledger.erase("u1") == 0
    assert model.ledger.erase("u2") == 1


def test_a_second_run_asks_nothing(scripted, tmp_path: Path) -> None:
    requests = [ask(f"{n}", subject=f"u{n}") for n in range(20)]
    ran = scripted(said, Ledger(tmp_path / "l.sqlite")).complete(requests, Choice)
    silent = scripted({}, Ledger(tmp_path / "l.sqlite"))
    again = silent.complete(requests, Choice)
    assert [c.value for c in again] == [c.value for c in ran]
    assert [c.prompt_tokens for c in again] == [c.prompt_tokens for c in ran]
    assert all(c.cached for c in again)
    usage = silent.usage["interests"]
    assert (usage.requests, usage.hits, usage.calls, usage.prompt_tokens) == (20, 20, 0, 0)


def test_a_cached_answer_is_remembered_for_whom_it_served_too(scripted) -> None:
    model = scripted(said)
    model.complete([ask("?", subject="u1")], Choice)
    model.complete([ask("?", subject="u2")], Choice)
    assert model.ledger.erase("u1") == 0
    assert len(list(model.ledger.calls(subject="u2"))) == 1


def test_another_model_or_way_of_decoding_does_not_see_the_answers(scripted) -> None:
    ledger = Ledger(None)
    scripted(said, ledger).complete([ask("?")], Choice)
    other, warmer = ScriptedBackend(said, "other"), ScriptedBackend(said)
    warmer.decoding = {"temperature": 0.7}
    for backend in (other, warmer):
        scripted(backend, ledger).complete([ask("?")], Choice)
        assert len(backend.asked) == 1


def test_an_adapter_renews_the_answers_of_its_own_stage_and_of_no_other(scripted) -> None:
    ledger = Ledger(None)
    requests = [ask("?").model_copy(update={"stage": stage, "prompt_version": "v1"}) for stage in ("tags", "interests")]
    scripted(said, ledger).complete(requests, Choice)
    model = scripted(ScriptedBackend(said, learned={"tags": "v1"}), ledger)
    assert model.tuned == {"tags"}
    completions = model.complete(requests, Choice)
    assert [c.cached for c in completions] == [False, True]
    assert [c.model for c in completions] == ["scripted+tags", "scripted"]
    assert [model.name_for(stage) for stage in ("tags", "interests")] == ["scripted+tags", "scripted"]
    assert {total.model for total in ledger.totals()} == {"scripted", "scripted+tags"}


def test_a_prompt_that_the_adapter_did_not_learn_is_refused_before_anything_is_asked(scripted) -> None:
    backend = ScriptedBackend(said, learned={"interests": "interests/tuned.en@00000000"})
    model, estimator = scripted(backend), EstimatingModel(backend, Ledger(None), LLMConfig())
    for each in (model, estimator):
        with pytest.raises(ConfigError, match="learned the prompt interests/tuned"):
            each.complete([ask("?")], Choice)
    assert backend.asked == []
    assert list(model.ledger.calls()) == []
    estimator.close()


def test_a_wrong_answer_is_repaired_once(scripted) -> None:
    model = scripted(bad_at_first)
    (completion,) = model.complete([ask("?", subject="u1")], Choice)
    assert (completion.value, completion.error, completion.attempts) == (Choice(choice="tea"), None, 2)
    assert sorted(call.status for call in model.ledger.calls(subject="u1")) == ["ok", "wrong"]
    usage = model.usage["interests"]
    assert (usage.requests, usage.calls, usage.failed, usage.hits) == (1, 2, 0, 0)
    assert completion.prompt_tokens == usage.prompt_tokens


def test_a_repaired_answer_is_replayed_from_the_ledger(scripted) -> None:
    ledger = Ledger(None)
    scripted(bad_at_first, ledger).complete([ask("?")], Choice)
    (completion,) = scripted({}, ledger).complete([ask("?")], Choice)
    assert (completion.value, completion.cached, completion.attempts) == (Choice(choice="tea"), True, 2)


def test_a_repair_that_was_not_reached_is_asked_without_asking_the_first_question_again(scripted) -> None:
    ledger = Ledger(None)
    scripted(bad_at_first, ledger, max_repairs=0).complete([ask("?")], Choice)
    backend = ScriptedBackend(bad_at_first)
    (completion,) = scripted(backend, ledger, max_repairs=1).complete([ask("?")], Choice)
    assert completion.value == Choice(choice="tea")
    assert [len(request.messages) for request in backend.asked] == [3]


def test_what_stays_wrong_is_an_error_and_is_not_paid_for_again(scripted) -> None:
    ledger = Ledger(None)
    for script in (lambda request: BAD, {}):
        (completion,) = scripted(script, ledger).complete([ask("?")], Choice)
        assert completion.value is None
        assert completion.error == "schema: answer.choice: 'cocoa' is not one of the choices"
        assert completion.attempts == 2


def test_retry_failed_asks_wrong_ones_again_and_right_ones_not(scripted) -> None:
    ledger = Ledger(None)
    requests = [ask("bad"), ask("good")]
    scripted(lambda r: GOOD if r.messages[0].content == "good" else BAD, ledger).complete(requests, Choice)
    backend = ScriptedBackend(said)
    completions = scripted(backend, ledger, retry_failed=True).complete(requests, Choice)
    assert [c.value for c in completions] == [Choice(choice="tea")] * 2
    assert [request.messages[0].content for request in backend.asked] == ["bad"]
    (completion,) = scripted({}, ledger).complete(requests[:1], Choice)
    assert completion.value == Choice(choice="tea")


def test_a_refused_request_is_an_error_of_its_own_and_is_tried_again_next_time(scripted) -> None:
    def script(request: Request) -> dict[str, str]:
        if request.messages[0].content == "long":
            raise LLMAnswerError("The prompt is too long.")
        return GOOD

    model = scripted(script)
    long, fine = model.complete([ask("long", subject="u1"), ask("fine")], Choice)
    assert (long.value, long.error) == (None, "refused: The prompt is too long.")
    assert fine.value == Choice(choice="tea")
    assert [call.status for call in model.ledger.calls(subject="u1")] == ["refused"]
    assert scripted(said, model.ledger).complete([ask("long")], Choice)[0].value == Choice(choice="tea")


def test_refusing_everything_is_an_outage_and_says_what_to_look_at(scripted) -> None:
    def script(request: Request) -> None:
        raise LLMAnswerError("unknown field response_format.")

    model = scripted(script, concurrency=1)
    with pytest.raises(LLMUnavailable, match=r"refused all of the first 5 .*response_format.*intentrec doctor"):
        model.complete([ask(f"{n}") for n in range(20)], Choice)
    assert len(list(model.ledger.calls())) == 5


def test_an_outage_stops_the_run_and_keeps_what_came(scripted) -> None:
    def script(request: Request) -> dict[str, str]:
        if request.messages[0].content == "7":
            raise LLMUnavailable("gone.")
        return GOOD

    backend = ScriptedBackend(script)
    model = scripted(backend, concurrency=2)
    with pytest.raises(LLMUnavailable, match="gone"):
        model.complete([ask(f"{n}") for n in range(20)], Choice)
    stored = len(list(model.ledger.calls()))
    assert stored == len(backend.asked) - 1  # all but the one that failed, in flight ones included
    assert 7 <= stored <= 9


def test_an_unknown_prompt_fails_loudly(scripted) -> None:
    with pytest.raises(UnscriptedPrompt, match="No scripted answer for stage 'interests': what"):
        scripted({"known": "{}"}).complete([ask("what?")], Choice)


def test_the_budget_stops_before_the_next_call_and_says_how_to_go_on(scripted) -> None:
    backend = ScriptedBackend(said)
    model = scripted(backend, concurrency=1, budget_tokens=30)
    requests = [ask(f"question number {n}") for n in range(10)]
    with pytest.raises(BudgetExceeded, match=r"30 tokens, is reached: 3 calls took 30 tokens.*llm.budget_tokens"):
        model.complete(requests, Choice)
    assert len(list(model.ledger.calls())) == 3
    backend.asked.clear()
    more = scripted(backend, model.ledger).complete(requests, Choice)
    assert [c.cached for c in more] == [True] * 3 + [False] * 7
    assert len(backend.asked) == 7


def test_money_is_counted_by_the_prices_and_capped(scripted) -> None:
    model = scripted(said, concurrency=1, price_in=1e6, price_out=2e6, budget_usd=30)
    with pytest.raises(BudgetExceeded, match=r"\$30.00, is reached: 3 calls .*llm.budget_usd"):
        model.complete([ask(f"{n}") for n in range(10)], Choice)
    assert model.usage["interests"].usd == 3 * (1 + 2 * 5)
    assert model.ledger.totals()[0].usd == 33


def test_calls_in_flight_when_the_budget_is_reached_are_kept(scripted) -> None:
    together = threading.Barrier(4)

    def script(request: Request) -> dict[str, str]:
        together.wait(10)
        return GOOD

    model = scripted(script, concurrency=4, budget_tokens=1)
    with pytest.raises(BudgetExceeded):
        model.complete([ask(f"{n}") for n in range(8)], Choice)
    assert len(list(model.ledger.calls())) == 4


def test_ledger_hits_cost_no_budget(scripted) -> None:
    ledger = Ledger(None)
    requests = [ask(f"{n}") for n in range(10)]
    scripted(said, ledger).complete(requests, Choice)
    assert len(scripted({}, ledger, budget_tokens=1).complete(requests, Choice)) == 10


def test_as_many_calls_are_in_flight_as_the_config_says_and_no_more(scripted) -> None:
    lock, flying, most = threading.Lock(), [0], [0]
    together = threading.Barrier(3)

    def script(request: Request) -> dict[str, str]:
        with lock:
            flying[0] += 1
            most[0] = max(most[0], flying[0])
        together.wait(10)  # 9 requests pass in threes only if three really fly together
        with lock:
            flying[0] -= 1
        return GOOD

    scripted(script, concurrency=3).complete([ask(f"{n}") for n in range(9)], Choice)
    assert most[0] == 3


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_keeps_what_is_in_flight(scripted, monkeypatch, times: int) -> None:
    from intentrec.llm import asking

    real, interrupts = asking.wait, iter([KeyboardInterrupt] * times)

    def interrupted(flying, return_when):
        for interrupt in interrupts:
            raise interrupt
        return real(flying, return_when=return_when)

    monkeypatch.setattr(asking, "wait", interrupted)
    model = scripted(said, concurrency=2)
    with pytest.raises(KeyboardInterrupt):
        model.complete([ask(f"{n}") for n in range(8)], Choice)
    assert len(list(model.ledger.calls())) == (2 if times == 1 else 0)


def test_progress_counts_requests_not_calls(scripted) -> None:
    model, bars = scripted(bad_at_first), Bars()
    model.complete([ask("1")], Choice)
    model.complete([ask("1"), ask("2"), ask("2"), ask("3")], Choice, bars)
    assert bars.shown == [("interests: scripted", 4, 4)]


def test_half_a_surrogate_pair_is_stored_as_a_question_mark(scripted) -> None:
    model = scripted(lambda request: '{"choice": "tea"} \ud83d')
    assert model.complete([ask("?")], Choice)[0].value == Choice(choice="tea")
    assert next(model.ledger.calls()).answer == '{"choice": "tea"} ?'


def test_an_estimate_asks_nothing_and_writes_nothing(scripted) -> None:
    ledger = Ledger(None)
    scripted(said, ledger).complete([ask("known", subject="u1")], Choice)
    backend = ScriptedBackend({})
    model = EstimatingModel(backend, ledger, LLMConfig(price_in=1e6, price_out=1e6))
    requests = [ask("known", subject="u2"), ask("new"), ask("new"), ask("newer")]
    completions = model.complete(requests, Choice)
    assert [c.error for c in completions] == [None, "dry-run", "dry-run", "dry-run"]
    assert completions[0].value == Choice(choice="tea")
    estimate = model.estimate()
    assert (estimate.calls, estimate.hits, estimate.completion_tokens) == (2, 2, 40)
    assert estimate.prompt_tokens == (1 + 4) + (2 + 4)
    assert estimate.usd == 51
    assert backend.asked == []
    assert ledger.erase("u2") == 0
    assert ledger.erase("u1") == 1
