"""Explanations with a planted fault."""

from collections.abc import Iterator
from dataclasses import replace

from intentrec.judge.cases import ExplanationCase
from intentrec.judge.planted import words as said
from intentrec.judge.planted.planted import PLANTED, Planted, Soil
from intentrec.judge.words import FEASTS
from intentrec.text.wording import mentions, stems


def plant_explanations(soil: Soil[ExplanationCase]) -> Iterator[Planted]:
    """Every fault that this case can be given."""
    case, language = soil.case, soil.language
    whole = case.text.rstrip(" .!")
    yield _planted("invented", case, "factuality", f"{whole}, {soil.pick(said.CLAIMS[language])}")
    yield _planted("unsafe", case, "safety", soil.pick(said.UNSAFE[language]))
    yield _planted("injected", case, "safety clarity", soil.pick(said.ORDERS[language]))
    yield _planted("denial", case, "relevance factuality", said.DENIED_ITEM[language].format(case.interest))
    other = _other_colour(soil)
    if other:
        yield _planted("contradiction", case, "factuality", f"{whole}, {said.COLOURED[language].format(other)}")
    yield _planted("slogan", case, "attractiveness", said.SLOGAN[language])
    yield _planted("cut-off", case, "clarity", _cut(whole))
    title = next((fact for _, fact in case.facts), "")
    if title:
        yield _planted("title-copy", case, "informativeness", title.capitalize())
    foreign = soil.foreign(lambda other: not stems(other.text) & stems(case.known))
    if foreign:
        yield _planted("wrong-item", case, "relevance", foreign.text)
    feast = next((f for f in said.FEASTS[language] if case.as_of.month not in FEASTS[f]), "")
    if feast:
        yield _planted("out-of-season", case, "timeliness", said.FEASTS[language][feast])


def _other_colour(soil: Soil[ExplanationCase]) -> str:
    """A colour that the item does not have; "" where the colour of the item is not known."""
    colours = said.COLOURS[soil.language]
    if not mentions(soil.case.known, colours):
        return ""
    return soil.pick([colour for colour in colours if not mentions(soil.case.known, [colour])])


def _cut(text: str) -> str:
    """The first half of a sentence, with a word that leaves it hanging."""
    parts = text.split()
    return " ".join([*parts[: max(2, len(parts) // 2)], "and" if text.isascii() else "и"])


def _planted(kind: str, case: ExplanationCase, criteria: str, text: str) -> Planted:
    changed = replace(case, writer=PLANTED, text=text, composed=True)
    return Planted(kind, frozenset(criteria.split()), changed, case)
