"""The same output shown otherwise: what may not change a verdict."""

from collections.abc import Callable
from dataclasses import replace

from intentrec.judge.cases import Case, ExplanationCase, InterestCase, TagCase

# Other words for what reasons and histories are told with; nothing of it says more or less.
_OTHER_WORDS = {
    " bought ": " purchased ", "bought ": "purchased ", " times since ": " times from ", " and ": " & ",
    "Close in kind to": "Of much the same kind as", "Others went on to it after": "Other shoppers came to it after",
    "what shows an interest in": "what speaks of an interest in",
}  # fmt: skip


def reordered(case: Case) -> Case:
    """Evidence, history and facts the other way round."""
    if isinstance(case, InterestCase):
        return replace(case, evidence=case.evidence[::-1], others=case.others[::-1])
    if isinstance(case, TagCase):
        return replace(case, history=case.history[::-1], recent=case.recent[::-1], others=case.others[::-1])
    assert isinstance(case, ExplanationCase)
    return replace(case, facts=case.facts[::-1])


def paraphrased(case: Case) -> Case:
    """What surrounds the judged words in other words; those themselves keep theirs, with another case and an end."""
    changed = replace(case, reason=_otherwise(case.reason))
    if isinstance(changed, InterestCase):
        evidence = tuple(replace(touch, text=_otherwise(touch.text.title())) for touch in changed.evidence)
        return replace(changed, evidence=evidence, text=changed.text.capitalize())
    if isinstance(changed, TagCase):
        history = tuple(_otherwise(text.title()) for text in changed.history)
        recent = tuple(text.title() for text in changed.recent)
        return replace(changed, history=history, recent=recent, text=changed.text.capitalize())
    assert isinstance(changed, ExplanationCase)
    facts = tuple((name, _otherwise(fact.title())) for name, fact in changed.facts)
    return replace(changed, facts=facts, text=f"{changed.text.rstrip('.')}.")


def _otherwise(text: str) -> str:
    for words, others in _OTHER_WORDS.items():
        text = text.replace(words, others)
    return text


VARIANTS: dict[str, Callable[[Case], Case]] = {"reordered": reordered, "paraphrased": paraphrased}
