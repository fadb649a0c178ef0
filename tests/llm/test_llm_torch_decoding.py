import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter_world import question
from align_models import model_of, tokenizer_of
from intentrec.errors import ConfigError, LLMAnswerError, MissingExtra
from intentrec.llm import Answer, LLMConfig, Request
from intentrec.llm.answers import misfit
from intentrec.llm.torch_decoding import Speaker
from llm_world import choice_schema

WORDS = ("tea", "coffee, black", "a much longer question about bread and honey", "милк", "")


def speaker(seed: int = 0, **settings: Any) -> Speaker:
    return Speaker(model_of(seed), tokenizer_of(), LLMConfig(**settings))


def one(speaks: Speaker, request: Request) -> Answer:
    (answer,) = speaks.answers([request])
    assert isinstance(answer, Answer), answer
    return answer


def refused(speaks: Speaker, request: Request) -> str:
    (answer,) = speaks.answers([request])
    assert isinstance(answer, LLMAnswerError)
    return str(answer)


@pytest.fixture(scope="module")
def greedy() -> Speaker:
    return speaker()


def test_an_answer_is_compact_json_that_fits_the_schema(greedy: Speaker) -> None:
    request = question("Say.")
    answer = one(greedy, request)
    data = json.loads(answer.text)
    assert misfit(data, request.answer_schema) == ""
    assert answer.text.startswith('{"text":"')
    assert not answer.cut


def test_tokens_are_counted_as_they_are_read_and_written(greedy: Speaker) -> None:
    # This tokenizer makes a token of each byte, and one of <s> and </s>: <s>user: hi</s><s>assistant: {"choice":"tea"}
    answer = one(greedy, question("hi").model_copy(update={"answer_schema": choice_schema("tea")}))
    assert answer == Answer('{"choice":"tea"}', 1 + 6 + 2 + 1 + 1 + 11, 16)


def test_the_likeliest_token_that_the_schema_permits_is_taken(greedy: Speaker) -> None:
    request = question("?").model_copy(update={"answer_schema": choice_schema("tea", "mate")})
    prompt = "<s>user: ?</s><s>assistant: "
    chosen = {}
    for drink in ("tea", "mate"):
        ids = greedy._tokenizer.encode(prompt + '{"choice":"' + drink, add_special_tokens=False)
        with torch.no_grad():
            # "tea" and "mate" differ in their first letter, so that alone decides.
            chosen[drink] = float(greedy.model(torch.tensor([ids])).logits[0, -len(drink) - 1][ids[-len(drink)]])
    assert one(greedy, request).text == f'{{"choice":"{max(chosen, key=lambda drink: chosen[drink])}"}}'


def test_many_at_once_are_answered_as_each_alone(greedy: Speaker) -> None:
    requests = [question(word, longest=n) for n, word in enumerate(WORDS, start=3)]
    assert greedy.answers(requests) == [one(greedy, request) for request in requests]


@settings(max_examples=15)
@given(st.permutations(WORDS), st.integers(0, 5), st.floats(0.3, 2.0), st.floats(0.1, 1.0))
def test_what_is_drawn_depends_on_the_seed_and_not_on_the_neighbours(words, seed, temperature, top_p) -> None:
    warm = speaker(temperature=temperature, top_p=top_p, seed=seed)
    together = dict(zip(words, warm.answers([question(word, longest=4) for word in words]), strict=True))
    assert together == {word: one(warm, question(word, longest=4)) for word in WORDS}


def test_another_seed_draws_another_answer_and_the_same_seed_the_same() -> None:
    said = [one(speaker(temperature=1.0, seed=seed), question("Say.")).text for seed in (0, 1, 2, 0)]
    assert said[0] == said[3]
    assert len(set(said)) == 3


@pytest.mark.parametrize("settings", [{"temperature": 0.01}, {"temperature": 1.0, "top_p": 1e-6}])
def test_a_cold_or_narrow_draw_is_the_likeliest_token(greedy: Speaker, settings: dict[str, float]) -> None:
    assert one(speaker(**settings), question("Say.")) == one(greedy, question("Say."))


def test_draws_follow_the_chances_of_the_nucleus() -> None:
    warm = speaker(temperature=1.0, top_p=0.85)
    logits = torch.log(torch.tensor([[0.1, 0.5, 0.3, 0.1]])).expand(4000, 4)
    talks: Any = [SimpleNamespace(drawn=torch.Generator().manual_seed(n)) for n in range(4000)]
    shares = torch.bincount(warm._drawn(logits, talks), minlength=4) / 4000
    # Before the third, 0.8 are taken: it is in, and the fourth is out.
    torch.testing.assert_close(shares, torch.tensor([0.1, 0.5, 0.3, 0.0]) / 0.9, atol=0.03, rtol=0)


def test_a_cut_answer_says_so(greedy: Speaker) -> None:
    answer = one(greedy, question("Say.", max_tokens=5))
    assert (answer.cut, answer.completion_tokens, answer.text) == (True, 5, '{"tex')


def test_the_end_of_a_bare_value_is_the_models_own_choice(greedy: Speaker) -> None:
    number = question("?").model_copy(update={"answer_schema": {"type": "integer", "minimum": 1, "maximum": 99}})
    answer = one(greedy, number)
    assert 1 <= int(answer.text) <= 99
    assert not answer.cut


def test_a_prompt_that_does_not_fit_is_refused_and_never_cut() -> None:
    short = speaker(context_tokens=128)
    assert "has 220 tokens, and the model reads 128" in refused(short, question("w" * 200))
    assert "llm.context_tokens" in refused(short, question("w" * 200))
    assert "leaves no room for an answer of 60 tokens" in refused(short, question("w" * 90, longest=40))
    wide = speaker(context_tokens=4096)  # the model itself reads 512
    assert "the model reads 512" in refused(wide, question("w" * 600))


def test_a_refused_request_leaves_its_neighbours_alone() -> None:
    short = speaker(context_tokens=128)
    refusal, answer = short.answers([question("w" * 200), question("Say.")])
    assert isinstance(refusal, LLMAnswerError)
    assert answer == one(short, question("Say."))


def test_a_schema_that_is_none_is_refused(greedy: Speaker) -> None:
    odd = question("?").model_copy(update={"answer_schema": {"type": "objekt"}})
    assert "cannot be made a grammar: " in refused(greedy, odd)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_stays_in_the_mode_it_was_in_and_learns_nothing(training: bool) -> None:
    speaks = speaker()
    speaks.model.train(training)
    one(speaks, question("Say."))
    assert speaks.model.training is training
    assert all(weight.grad is None for weight in speaks.model.parameters())


def test_a_model_with_more_rows_than_tokens_never_says_the_rest() -> None:
    model = model_of()
    n_known = model.get_output_embeddings().weight.shape[0]
    model.resize_token_embeddings(n_known + 60)
    with torch.no_grad():
        model.get_output_embeddings().weight[n_known:] = 100.0
    speaks = Speaker(model, tokenizer_of(), LLMConfig())
    assert json.loads(one(speaks, question("Say.")).text)


def test_a_base_model_takes_no_questions() -> None:
    with pytest.raises(ConfigError, match="no chat template"):
        Speaker(model_of(), tokenizer_of(None), LLMConfig())


def test_without_llguidance_the_way_to_it_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(MissingExtra, match=r'pip install "intentrec\[finetune\]"'):
        speaker()
