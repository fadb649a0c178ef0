"""Outputs that are wrong on purpose: they show how much a judge catches, and that it does not say yes to everything."""

from collections.abc import Iterable, Iterator

from intentrec.judge.cases import Case, ExplanationCase, InterestCase, TagCase
from intentrec.judge.checks import Standards
from intentrec.judge.planted.explanations import plant_explanations
from intentrec.judge.planted.interests import plant_interests
from intentrec.judge.planted.planted import PLANTED, Planted, Soil, drawn
from intentrec.judge.planted.tags import plant_tags

__all__ = ["PLANTED", "Planted", "drawn", "plants"]


def plants(cases: Iterable[Case], standards: Standards) -> Iterator[Planted]:
    """Every fault that these good outputs can be given."""
    good = list(cases)
    interests = [case for case in good if isinstance(case, InterestCase)]
    tags = [case for case in good if isinstance(case, TagCase)]
    explanations = [case for case in good if isinstance(case, ExplanationCase)]
    for interest in interests:
        yield from plant_interests(Soil(interest, interests, standards))
    for tag in tags:
        yield from plant_tags(Soil(tag, tags, standards))
    for explanation in explanations:
        yield from plant_explanations(Soil(explanation, explanations, standards))
