"""Measures recommenders against tuned baselines, so that others believe it."""

from intentrec.evaluation.config import EvaluationConfig
from intentrec.evaluation.evaluate import evaluate, trained_baselines
from intentrec.evaluation.lists import Recommends
from intentrec.evaluation.report import Evaluation
from intentrec.evaluation.views import VIEWS, View

__all__ = ["VIEWS", "Evaluation", "EvaluationConfig", "Recommends", "View", "evaluate", "trained_baselines"]
