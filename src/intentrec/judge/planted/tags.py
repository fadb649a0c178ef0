"""Tags with a planted fault."""

from collections.abc import Iterator
from dataclasses import replace

from intentrec.judge.cases import TagCase
from intentrec.judge.planted.planted import PLANTED, Planted, Soil
from intentrec.judge.planted.words import BROAD, DENIED_TAG, IMPOSSIBLE, LATER, ORDERS
from intentrec.text.wording import stems

_YEARS_AHEAD = 3


def plant_tags(soil: Soil[TagCase]) -> Iterator[Planted]:
    """Every fault that this case can be given."""
    case, language = soil.case, soil.language
    yield _planted("brand", case, "validity", text=f"{soil.pick(soil.standards.all_brands)} {case.text}")
    mine = stems(f"{case.text} {case.interest}")
    foreign = soil.foreign(lambda other: not stems(other.text) & mine)
    if foreign:
        yield _planted("off-interest", case, "relevance", text=foreign.text)
    if case.recent:
        yield _planted("just-touched", case, "consistency", text=soil.pick(case.recent))
    yield _planted("broad", case, "specificity", text=soil.pick(BROAD[language]))
    yield _planted("impossible", case, "validity", text=soil.pick(IMPOSSIBLE[language]).format(case.text))
    yield _planted("future-date", case, "consistency", reason=LATER[language].format(case.as_of.year + _YEARS_AHEAD))
    yield _planted("denial", case, "consistency", reason=DENIED_TAG[language])
    yield _planted("injected", case, "validity specificity", text=soil.pick(ORDERS[language]))


def _planted(kind: str, case: TagCase, criteria: str, **changes: object) -> Planted:
    changed = replace(case, writer=PLANTED, **changes)  # type: ignore[arg-type]
    return Planted(kind, frozenset(criteria.split()), changed, case)
