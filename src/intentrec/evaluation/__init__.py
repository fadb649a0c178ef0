"""Measures recommenders against tuned baselines, so that others believe it."""

from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.evaluate import Extras, evaluate, trained_baselines
from intentrec.evaluation.lists import Recommends
from intentrec.evaluation.memory import estimate_memory
from intentrec.evaluation.report import Evaluation
from intentrec.evaluation.runs import Cost, Seeded
from intentrec.evaluation.sweep import sweep
from intentrec.evaluation.tag_hits import tag_hits
from intentrec.evaluation.views import VIEWS, View

__all__ = [
    "VIEWS",
    "Cost",
    "Evaluation",
    "EvaluationConfig",
    "Extras",
    "Recommends",
    "Seeded",
    "View",
    "estimate_memory",
    "evaluate",
    "sweep",
    "tag_hits",
    "trained_baselines",
]
