"""Strong, cheap systems that every other one is compared with."""

from intentrec.evaluation.baselines.base import Baseline
from intentrec.evaluation.baselines.ease import EASE
from intentrec.evaluation.baselines.ials import IALS
from intentrec.evaluation.baselines.itemknn import ItemKNN
from intentrec.evaluation.baselines.popularity import Popularity

__all__ = ["EASE", "IALS", "Baseline", "ItemKNN", "Popularity"]
