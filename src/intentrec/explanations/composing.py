"""The path of large and of aligned models: one request a pair, the sentence in the model's own words."""

from collections.abc import Sequence
from typing import Literal

from intentrec.explanations.gate import refuse_text
from intentrec.explanations.pairs import PACKAGE, STAGE, Desk, Pair, Sentence, Written
from intentrec.llm.messages import Completion, Request
from intentrec.llm.prompts import Prompt

COMPOSED = {"tuned": "tuned", "writing": "explain"}
"""The prompt file of each form in which a model writes in its own words."""
_TEXT_LENGTH = 100
_SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string", "maxLength": _TEXT_LENGTH}},
    "required": ["text"],
    "additionalProperties": False,
}
_MAX_TOKENS = 16 + _TEXT_LENGTH // 2


def compose(pairs: Sequence[Pair], desk: Desk, form: Literal["tuned", "writing"] = "writing") -> dict[Pair, Written]:
    """Sentences of the model for the pairs; those that do not pass the gate are missing, and kept as refused."""
    prompt = Prompt.load(PACKAGE, COMPOSED[form], desk.language)
    requests = [composing_request(pair, prompt, desk.month) for pair in pairs]
    completions = desk.model.complete(requests, Sentence, desk.progress)
    told = {
        pair: (_judged(pair, completion, desk), completion.model)
        for pair, completion in zip(pairs, completions, strict=True)
    }
    return {pair: (text, model, prompt.version) for pair, (text, model) in told.items() if text}


def composing_request(pair: Pair, prompt: Prompt, month: str) -> Request:
    """The question about one pair."""
    return Request(
        stage=STAGE,
        subject=pair.item_id,
        prompt_version=prompt.version,
        messages=prompt.render(month=month, interest=pair.interest, name=pair.name, category=pair.category),
        answer_schema=_SCHEMA,
        max_tokens=_MAX_TOKENS,
    )


def _judged(pair: Pair, completion: Completion[Sentence], desk: Desk) -> str | None:
    if completion.value is None:
        desk.fail(pair, completion)
        return None
    said = completion.value.text.strip()
    word = refuse_text(said, pair.interest, pair.facts, desk.brands, desk.config, desk.language)
    if word:
        desk.refuse(pair, word, completion)
    return None if word else said
