"""Samples of what a teacher and the rules answer, as far as the judge lets it through (RecGPT-V1, section 2.1.3)."""

from collections.abc import Sequence
from datetime import datetime

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.data.grading import Grader, Made, by_question, counted, graded
from intentrec.alignment.data.questions import Q, Written, sample_of


def pre_alignment(
    questions: Sequence[Q],
    taught: Sequence[Written[Q]],
    grade: Grader[Q] | None,
    as_of: datetime,
    config: AlignmentDataConfig,
) -> Made:
    """The best answers to each question; of the same grade the teacher's come before those of the rules.

    Args:
        questions: What is asked; the rules' answers that may be learned come with them.
        taught: A teacher's answers to some of them.
        grade: None leaves the judge out.
        as_of: Of the questions.
        config: How many answers to a question are kept.
    """
    ruled = (("rules", Written(question, said, "none")) for question in questions for said in question.lessons)
    answers = graded([*(("teacher", written) for written in taught), *ruled], grade)
    best = [
        answer
        for group in by_question(answers, ("teacher", "rules"))
        for answer in [answer for answer in group if answer.passed][: config.answers]
    ]
    samples = [sample_of(answer.written, answer.source, as_of, answer.grade or "") for answer in best]
    return Made(samples, counted(answers))
