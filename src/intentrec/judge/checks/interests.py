"""What is wrong with an interest, found without a model."""

from collections.abc import Iterator

from intentrec.interests.gate import name_faults, refuse_similarity, refuse_support, refuse_texts
from intentrec.judge.cases import InterestCase
from intentrec.judge.checks.standards import Finding, Meanings, Standards
from intentrec.judge.claims import in_the_future, ordered, unsafe
from intentrec.text.wording import mentions, same_words


def texts_of(case: InterestCase) -> Iterator[str]:
    """What must be known of a case's meanings."""
    yield case.text
    yield from case.others
    yield from (touch.text for touch in case.evidence)


def check_interest(case: InterestCase, standards: Standards, meanings: Meanings) -> Iterator[Finding]:
    """Faults of one interest."""
    yield from _made_up(case)
    yield from _wording(case, standards)
    yield from _support(case, standards, meanings)
    repeated = next((other for other in case.others if same_words(case.text, other)), "")
    repeated = repeated or meanings.same(case.text, case.others, standards.interests.repeat_similarity)
    if repeated:
        yield Finding("reasonableness", "repeats", repeated)


def _made_up(case: InterestCase) -> Iterator[Finding]:
    if case.n_missing or not case.evidence:
        yield Finding("hallucination", "unknown-evidence", case.text)
    late = next((touch for touch in case.evidence if touch.timestamp >= case.as_of), None)
    said = in_the_future(f"{case.text} {case.reason}", case.as_of)
    if late or said:
        yield Finding("hallucination", "from-future", said or f"{late.timestamp:%Y-%m-%d}" if late else said)
    order = ordered(f"{case.text} {case.reason}")
    if order:
        yield Finding("hallucination", "injected", order)


def _wording(case: InterestCase, standards: Standards) -> Iterator[Finding]:
    titles = [touch.text for touch in case.evidence]
    listed = [case.text] if case.listed else []
    for word in name_faults(case.text, titles, listed, standards.interests, standards.language):
        yield Finding("willingness" if word == "necessity" else "reasonableness", word, case.text)
    if not case.listed and mentions(case.text, standards.all_brands):
        yield Finding("reasonableness", "brand", case.text)
    found = unsafe(f"{case.text} {case.reason}", standards.judge.unsafe_words)
    if found:
        yield Finding("reasonableness", "unsafe", found)


def _support(case: InterestCase, standards: Standards, meanings: Meanings) -> Iterator[Finding]:
    texts = [touch.text for touch in case.evidence]
    days = {touch.timestamp.date() for touch in case.evidence}
    if texts and refuse_support(len(texts), len(days), standards.interests):
        yield Finding("reasonableness", "single-action", texts[0])
    if texts and refuse_similarity(meanings.nearest(case.text, texts), standards.interests):
        yield Finding("reasonableness", "unreasonable", case.text)
    if texts and meanings.mean(case.text, texts) < standards.judge.least_support:
        yield Finding("hallucination", "unsupported", case.text)
    if texts and refuse_texts(sorted(set(texts)), standards.interests):
        yield Finding("willingness", "necessity", texts[0])
