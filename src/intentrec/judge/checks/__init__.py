"""Faults that need no model to be found: pure functions, each fault named by one short fixed word."""

from collections.abc import Iterable, Iterator

from intentrec.judge.cases import Case, ExplanationCase, InterestCase, TagCase
from intentrec.judge.checks.explanations import check_explanation
from intentrec.judge.checks.interests import check_interest
from intentrec.judge.checks.interests import texts_of as texts_of_interest
from intentrec.judge.checks.standards import Finding, Meanings, Standards
from intentrec.judge.checks.tags import check_tag
from intentrec.judge.checks.tags import texts_of as texts_of_tag
from intentrec.text.embeddings import Embedder

__all__ = ["Finding", "Meanings", "Standards", "check", "meanings_of"]


def check(case: Case, standards: Standards, meanings: Meanings) -> list[Finding]:
    """Every fault of a case, in a fixed order."""
    if isinstance(case, InterestCase):
        return list(check_interest(case, standards, meanings))
    if isinstance(case, TagCase):
        return list(check_tag(case, standards, meanings))
    assert isinstance(case, ExplanationCase)
    return list(check_explanation(case, standards))


def meanings_of(cases: Iterable[Case], embedder: Embedder) -> Meanings:
    """What checks of these cases compare."""
    return Meanings((text for case in cases for text in _texts(case)), embedder)


def _texts(case: Case) -> Iterator[str]:
    if isinstance(case, InterestCase):
        yield from texts_of_interest(case)
    elif isinstance(case, TagCase):
        yield from texts_of_tag(case)
