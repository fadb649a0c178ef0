"""What is judged, made from the tables of a release."""

from intentrec.judge.cases.case import Case, ExplanationCase, InterestCase, TagCase, Touch, case_id
from intentrec.judge.cases.explanations import explanation_cases
from intentrec.judge.cases.frames import Tables
from intentrec.judge.cases.interests import interest_cases
from intentrec.judge.cases.tags import tag_cases

__all__ = [
    "Case",
    "ExplanationCase",
    "InterestCase",
    "Tables",
    "TagCase",
    "Touch",
    "case_id",
    "explanation_cases",
    "interest_cases",
    "tag_cases",
]
