"""General instructions that the model answers itself before it is trained: what it could do then, it shall go on doing.

No other data is as near to what the model says of its own accord, so nothing of it is unlearned by learning it, and it
has no owner but whoever owns the weights.
"""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel

from intentrec.alignment.data.general.texts import texts_of, version_of
from intentrec.alignment.samples import Sample
from intentrec.llm import Completion, Message, Request
from intentrec.llm.answers import closed_schema

_LONGEST = 240
_MAX_TOKENS = 144


class Said(BaseModel):
    """What the model answers."""

    text: str


def general_requests(language: str) -> list[Request]:
    """Simple questions about everything, to be asked of the base model; the answer type is `Said`.

    Raises:
        ConfigError: There are none in this language.
    """
    return [
        Request(
            stage="general",
            prompt_version=version_of(language),
            messages=(Message(role="user", content=question),),
            answer_schema=closed_schema({"text": {"type": "string", "maxLength": _LONGEST}}),
            max_tokens=_MAX_TOKENS,
        )
        for question in texts_of(language)["open"]
    ]


def general_by_base(completions: Iterable[Completion[Said]], as_of: datetime) -> list[Sample]:
    """What the base model answered, as plain text; answers that were cut off at the longest length are left out."""
    return [
        Sample(
            "general", "general", said.model, said.request.messages, said.value.text.strip(), as_of,
            said.request.prompt_version,
        )
        for said in completions
        if said.value is not None and 0 < len(said.value.text.strip()) < _LONGEST
    ]  # fmt: skip
