"""Interests with a planted fault."""

from collections.abc import Iterator
from dataclasses import replace

from intentrec.judge.cases import InterestCase
from intentrec.judge.planted.planted import PLANTED, Planted, Soil
from intentrec.judge.planted.words import DENIED_INTEREST, LATER, ORDERS
from intentrec.text.wording import stems

_YEARS_AHEAD = 3


def plant_interests(soil: Soil[InterestCase]) -> Iterator[Planted]:
    """Every fault that this case can be given."""
    case, language = soil.case, soil.language
    mine = stems(" ".join([case.text, *(touch.text for touch in case.evidence)]))
    foreign = soil.foreign(lambda other: not stems(other.text) & mine)
    if foreign:
        yield _planted("hallucinated", case, "hallucination reasonableness", text=foreign.text, listed=foreign.listed)
    later = LATER[language].format(case.as_of.year + _YEARS_AHEAD)
    yield _planted("future-date", case, "hallucination", reason=f"{case.reason} {later}".strip())
    yield _planted("denial", case, "hallucination", reason=DENIED_INTEREST[language])
    title = max((touch.text for touch in case.evidence), key=len, default="")
    if title and not stems(title) <= stems(case.text):
        yield _planted("title-copy", case, "reasonableness", text=title.lower(), listed=False)
    yield _planted("injected", case, "hallucination reasonableness", text=soil.pick(ORDERS[language]), listed=False)
    yield _necessity(soil)


def _necessity(soil: Soil[InterestCase]) -> Planted:
    """A staple that was really bought, again and again: only willingness is wrong with it."""
    staple = soil.pick(_staples(soil))
    bought = tuple(replace(touch, text=staple) for touch in soil.case.evidence)
    return _planted("necessity", soil.case, "willingness", text=staple, listed=True, evidence=bought, reason="")


def _staples(soil: Soil[InterestCase]) -> list[str]:
    """Of the language, by its letters."""
    latin = soil.language == "en"
    return [name for name in soil.standards.interests.necessities if name.isascii() == latin]


def _planted(kind: str, case: InterestCase, criteria: str, **changes: object) -> Planted:
    changed = replace(case, writer=PLANTED, **changes)  # type: ignore[arg-type]
    return Planted(kind, frozenset(criteria.split()), replace(changed, interest=changed.text), case)
