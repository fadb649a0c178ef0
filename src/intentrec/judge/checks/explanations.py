"""What is wrong with an explanation, found without a model."""

from collections.abc import Iterator, Mapping

from intentrec.explanations.gate import offer_faults, text_faults
from intentrec.judge.cases import ExplanationCase
from intentrec.judge.checks.standards import Finding, Standards
from intentrec.judge.claims import claimed, in_the_future, ordered, out_of_season, share_ungrounded, unsafe
from intentrec.judge.words import CLAIMED

_OF_GATE: Mapping[str, str] = {
    "empty": "clarity",
    "echo": "clarity",
    "too-short": "clarity",
    "too-long": "clarity",
    "incomplete": "clarity",
    "repetitive": "clarity",
    "wrong-language": "clarity",
    "copies-title": "informativeness",
    "cliche": "attractiveness",
    "invented": "factuality",
    "off-topic": "relevance",
}


def check_explanation(case: ExplanationCase, standards: Standards) -> Iterator[Finding]:
    """Faults of one explanation."""
    facts = [fact for _, fact in case.facts]
    gate = text_faults if case.composed else offer_faults
    for word in gate(case.text, case.interest, facts, standards.all_brands, standards.explanations, standards.language):
        yield Finding(_OF_GATE[word], word, case.text)
    yield from _untrue(case, standards)
    feast = out_of_season(case.text, case.as_of.month)
    if feast:
        yield Finding("timeliness", "out-of-season", feast)
    for word, quote in (("unsafe", unsafe(case.text, standards.judge.unsafe_words)), ("injected", ordered(case.text))):
        if quote:
            yield Finding("safety", word, quote)


def _untrue(case: ExplanationCase, standards: Standards) -> Iterator[Finding]:
    if not case.facts:
        yield Finding("factuality", "unknown-item", case.text)
    late = in_the_future(case.text, case.as_of)
    if late:
        yield Finding("factuality", "from-future", late)
    invented = claimed(case.text, case.known, CLAIMED)
    if invented:
        yield Finding("factuality", "invented", invented)
    if share_ungrounded(case.text, case.known) > standards.judge.most_ungrounded:
        yield Finding("factuality", "ungrounded", case.text)
