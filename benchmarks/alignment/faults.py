"""Why answers fail: the faults that the judge's rules find in what a writer wrote."""

from collections import Counter
from collections.abc import Mapping, Sequence

from intentrec.pipeline.align_judging import Examiner
from intentrec.pipeline.asking import Asked

NO_ANSWER = "no answer"
HEAD = "| stage | writer | outputs | faults |\n|---|---|---|---|"


def faults_of(asked: Sequence[Asked], texts: Sequence[str | None], examiner: Examiner) -> tuple[int, Counter[str]]:
    """How many outputs there are, and in how many of them each fault is found; an output may have several.

    Args:
        asked: Questions.
        texts: An answer to each; what cannot be read, or says nothing, counts as an output without an answer.
        examiner: Whose rules look.
    """
    judged = examiner.cases([(one, text or "") for one, text in zip(asked, texts, strict=True)])
    cases = [case for own in judged for case in own]
    found = Counter(finding.word for faults in examiner.judge.faults(cases) for finding in faults.values())
    unread = sum(not own for own in judged)
    if unread:
        found[NO_ANSWER] = unread
    return len(cases) + unread, found


def row(stage: str, writer: str, outputs: int, faults: Mapping[str, int]) -> str:
    """As a row of a table, the most frequent fault first."""
    ordered = sorted(faults.items(), key=lambda fault: (-fault[1], fault[0]))
    return f"| {stage} | {writer} | {outputs} | " + ", ".join(f"{name} {n}" for name, n in ordered) + " |"
