"""What is wrong with a tag, found without a model."""

from collections.abc import Iterator, Mapping

from intentrec.judge.cases import TagCase
from intentrec.judge.checks.standards import Finding, Meanings, Standards
from intentrec.judge.claims import in_the_future, ordered, unsafe
from intentrec.tags.gate import refuse_relevance, wording_faults
from intentrec.text.wording import same_words

_OF_WORDING: Mapping[str, str] = {
    "echo": "validity",
    "empty-phrase": "validity",
    "no-modifier": "specificity",
    "too-long": "specificity",
    "vague": "specificity",
    "wrong-language": "validity",
    "brand": "validity",
}


def texts_of(case: TagCase) -> Iterator[str]:
    """What must be known of a case's meanings."""
    yield case.text
    yield case.interest
    yield from case.others
    yield from case.recent


def check_tag(case: TagCase, standards: Standards, meanings: Meanings) -> Iterator[Finding]:
    """Faults of one tag."""
    for word in wording_faults(case.text, standards.all_brands, standards.scripts, standards.tags, standards.language):
        yield Finding(_OF_WORDING[word], word, case.text)
    yield from _not_for_sale(case, standards)
    yield from _at_odds(case, standards, meanings)
    repeated = _same(case, case.others, standards, meanings)
    if repeated:
        yield Finding("specificity", "repeats", repeated)


def _not_for_sale(case: TagCase, standards: Standards) -> Iterator[Finding]:
    found = {
        "from-future": in_the_future(case.text, case.as_of),
        "unsafe": unsafe(case.text, standards.judge.unsafe_words),
        "injected": ordered(case.text),
    }
    yield from (Finding("validity", word, quote) for word, quote in found.items() if quote)


def _at_odds(case: TagCase, standards: Standards, meanings: Meanings) -> Iterator[Finding]:
    """With the interest it serves, or with what the user did."""
    if not case.known:
        yield Finding("consistency", "unknown-interest", case.text)
    elif refuse_relevance(meanings.nearest(case.text, [case.interest]), standards.tags):
        yield Finding("relevance", "off-interest", case.interest)
    late = in_the_future(case.reason, case.as_of)
    if late:
        yield Finding("consistency", "from-future", late)
    recent = _same(case, case.recent, standards, meanings)
    if recent:
        yield Finding("consistency", "recent", recent)


def _same(case: TagCase, others: tuple[str, ...], standards: Standards, meanings: Meanings) -> str:
    in_words = next((other for other in others if same_words(case.text, other)), "")
    return in_words or meanings.same(case.text, others, standards.tags.repeat_similarity)
