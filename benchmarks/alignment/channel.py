"""The product's tag channel with the tags of any writer: towers trained once, and the ranker that serves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from benchmarks.alignment.shops import Shop
from intentrec.llm import LLMConfig
from intentrec.pipeline.daily import open_day
from intentrec.pipeline.evaluation import UNTIL_TOWERS, evaluated_items
from intentrec.pipeline.ranker import Ranker
from intentrec.progress import Progress
from intentrec.retrieval import Tags
from intentrec.text.embeddings import Embedder
from intentrec.towers import Towers


@dataclass(frozen=True)
class Channel:
    """A shop's day as of the cut, made without a language model.

    Attributes:
        ranker: What would serve on that day, with the rules' tags of everybody.
        towers: Make the vectors of any tag.
        tag_scale: What the day multiplied its tag vectors by.
        embedder: Reads tags where their tower is one of texts.
        items: item_id, category, name and title of all that can be ranked.
        names: item_id and vector: the space in which evaluations measure diversity.
    """

    ranker: Ranker
    towers: Towers
    tag_scale: float
    embedder: Embedder
    items: pl.DataFrame
    names: pl.DataFrame

    def with_tags(self, tags: pl.DataFrame) -> Ranker:
        """The ranker with these tags in place of the rules', on the same scale.

        Args:
            tags: Rows of `TAGS`; a user without any is served as one who has none.
        """
        if tags.is_empty():
            return replace(self.ranker, tags=None)
        words = tags["tag"].unique().sort().to_list()
        text = self.embedder.embed(words) if self.towers.config.tag_tower == "text" else None
        vectors = self.towers.tag_vectors(words, text) * np.float32(self.tag_scale)
        return replace(self.ranker, tags=Tags(tags.select("user_id", "rank", "tag", "interest_id"), words, vectors))


class TagsAlone:
    """A ranker whose whole list is what tags bring; a user without tags gets nothing."""

    def __init__(self, ranker: Ranker) -> None:
        own = ranker.config.model_copy(update={"user_share": 0.0})
        self._ranker = replace(ranker, betas=np.zeros_like(ranker.betas), config=own, remembered=None)

    def recommend(self, users: Sequence[str], k: int, *, filter_viewed: bool = True) -> pl.DataFrame:
        """As of the ranker, without the lists that it gives to users who have no tags."""
        return self._ranker.recommend(users, k, filter_viewed=filter_viewed).filter(pl.col("source") == "tag")


def trained(shop: Shop, progress: Progress) -> Channel:
    """The shop's day up to its towers; what a run without a language model did as of the cut is not done again."""
    config = shop.config.model_copy(update={"llm": LLMConfig(backend="none")})
    with shop.workspace.writing(), open_day(shop.workspace, config, shop.inputs, frozenset(), progress) as day:
        day.run(UNTIL_TOWERS)
        items = evaluated_items(day)
        vectors = pl.Series(day.tools.embedder.embed(items["name"].fill_null("").to_list()))
        scale = float(day.records["towers"].facts["tag_scale"])
        names = pl.DataFrame({"item_id": items["item_id"], "vector": vectors})
        return Channel(day.ranker(), day.trained_towers(), scale, day.tools.embedder, items, names)
