"""Strong, cheap systems that every other one is compared with."""

from intentrec.evaluation.baselines.base import Baseline
from intentrec.evaluation.baselines.bm25 import BM25
from intentrec.evaluation.baselines.content import Content
from intentrec.evaluation.baselines.ease import EASE
from intentrec.evaluation.baselines.ials import IALS
from intentrec.evaluation.baselines.itemknn import ItemKNN
from intentrec.evaluation.baselines.popularity import Popularity
from intentrec.evaluation.baselines.titles import Embed
from intentrec.evaluation.baselines.transitions import Transitions
from intentrec.evaluation.baselines.twotower import TwoTower

__all__ = [
    "BM25", "EASE", "IALS", "Baseline", "Content", "Embed", "ItemKNN", "Popularity", "Transitions", "TwoTower",
]  # fmt: skip
