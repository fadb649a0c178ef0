"""Samples of a model's own answers: what the judge lets through is learned, the worst is told apart from the best."""

from collections.abc import Sequence
from datetime import datetime

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.grading import Graded, Grader, Made, by_question, counted, graded
from intentrec.alignment.data.questions import Q, Written, sample_of
from intentrec.alignment.samples import Sample


def self_training(
    answers: Sequence[Written[Q]], grade: Grader[Q] | None, as_of: datetime, config: AlignmentDataConfig
) -> Made:
    """The best answers of a model to each question; the very best makes a pair with a worse one where there is one.

    Of equal grades the answer that the model gave most often is the best.

    Args:
        answers: Several to each question.
        grade: None leaves the judge out: everything passes, and there are no pairs.
        as_of: Of the questions.
        config: How many answers to a question are kept.
    """
    judged = graded((("self", written) for written in answers), grade)
    groups = by_question(judged, ("self",))
    samples = [sample for group in groups for sample in _samples(group, as_of, config)]
    counts = counted(judged)
    counts["self: pairs"] = sum(bool(sample.rejected) for sample in samples)
    return Made(samples, counts)


def _samples(group: Sequence[Graded[Q]], as_of: datetime, config: AlignmentDataConfig) -> list[Sample]:
    passed = [answer for answer in group if answer.passed][: config.answers]
    # What could not be judged is no proof of a bad answer.
    known = [answer for answer in group if answer.grade is not None]
    worse = known[-1].written.answer if passed and known[-1].rank < passed[0].rank else ""
    return [
        sample_of(answer.written, "self", as_of, answer.grade or "", "" if place else worse)
        for place, answer in enumerate(passed)
    ]
