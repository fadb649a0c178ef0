"""The small-model path: rules make sentences from facts, the model chooses one of them.

A model of about a billion parameters or fewer writes fluent sentences that say nothing or invent something; which of
a few true sentences reads best it can still be asked. A pair with fewer than two candidates asks nothing.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from intentrec.explanations.candidates import candidates
from intentrec.explanations.pairs import PACKAGE, STAGE, Desk, Pair, Sentence, Written
from intentrec.llm.messages import Completion, Request
from intentrec.llm.prompts import Prompt

_CHARACTERS_A_TOKEN = 2  # low on purpose: Russian in small vocabularies comes close to it
FEWEST = 2
"""Sentences that there must be to choose from."""


def choose(pairs: Sequence[Pair], desk: Desk) -> dict[Pair, Written]:
    """The candidate that the model chose for each pair; pairs with too little to choose from are missing."""
    prompt = Prompt.load(PACKAGE, "choose", desk.language)
    offers = {pair: candidates(pair, desk.config, desk.language, desk.brands) for pair in pairs}
    asked = {pair: shuffled(texts, pair) for pair, texts in offers.items() if len(texts) >= FEWEST}
    requests = [choosing_request(pair, texts, prompt, desk.month) for pair, texts in asked.items()]
    completions = desk.model.complete(requests, Sentence, desk.progress)
    told = zip(asked.items(), completions, strict=True)
    chosen = {pair: (_chosen(pair, texts, completion, desk), completion.model) for (pair, texts), completion in told}
    return {pair: (text, model, prompt.version) for pair, (text, model) in chosen.items() if text}


def shuffled(texts: Sequence[str], pair: Pair) -> list[str]:
    """The candidates in an order that differs from pair to pair.

    The best in a fixed place would let a model pass by always taking that place.
    """
    salt = f"{pair.interest}\0{pair.item_id}"
    return sorted(texts, key=lambda text: sha256(f"{salt}\0{text}".encode()).hexdigest())


def choosing_request(pair: Pair, texts: Sequence[str], prompt: Prompt, month: str) -> Request:
    """The question which of the sentences suits the pair best."""
    return Request(
        stage=STAGE,
        subject=pair.item_id,
        prompt_version=prompt.version,
        messages=prompt.render(month=month, interest=pair.interest, name=pair.name, sentences=texts),
        answer_schema=_schema(texts),
        max_tokens=16 + max(map(len, texts)) // _CHARACTERS_A_TOKEN,
    )


def _schema(texts: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"text": {"enum": list(texts)}},
        "required": ["text"],
        "additionalProperties": False,
    }


def _chosen(pair: Pair, texts: Sequence[str], completion: Completion[Sentence], desk: Desk) -> str | None:
    if completion.value is None:
        desk.fail(pair, completion)
        return None
    if completion.value.text not in texts:
        desk.refuse(pair, "not-offered", completion)
        return None
    return completion.value.text
