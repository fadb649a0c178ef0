"""Everything that training reads, as numbers and as of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.codes import Codes
from intentrec.data.log import Log, seconds
from intentrec.errors import DataError
from intentrec.towers.catalogue import Catalogue
from intentrec.towers.config import TowersConfig
from intentrec.towers.network import Sizes
from intentrec.towers.tags import ItemTags, WordBags, vocabulary


@dataclass(frozen=True)
class TrainingData:
    """What was known before `end`, coded.

    Attributes:
        users: Users with an event before `end`.
        kinds: Weight of each kind of event, in the order of its place.
        end: The as-of time in seconds; nothing at or after it is in here.
        words: Words that the tag tower knows.
        bags: Words of the item tags.
    """

    users: Codes
    catalogue: Catalogue
    kinds: dict[str, float]
    log: Log
    end: float
    tags: ItemTags
    words: Codes
    bags: WordBags

    @classmethod
    def build(
        cls,
        events: pl.DataFrame,
        items: pl.DataFrame,
        *,
        as_of: datetime,
        kinds: Mapping[str, float],
        config: TowersConfig,
        item_tags: pl.DataFrame,
        item_text: NDArray[np.floating] | None,
        tag_text: NDArray[np.floating] | None,
    ) -> Self:
        """Code the tables; see `intentrec.towers.fit`."""
        end = seconds(as_of)
        if config.tag_tower == "text" and tag_text is None:
            raise DataError("towers.tag_tower is 'text', but there are no text vectors of tags; give tag_text.")
        catalogue = Catalogue.build(items, as_of, item_text if config.item_text else None)
        users = Codes.of(events.filter(pl.col("timestamp") < as_of)["user_id"].unique())
        log = Log.of(events, users, catalogue.items, kinds, as_of)
        if not len(log):
            raise DataError(f"There is no event of the kinds {sorted(kinds)} before {as_of}; check [events] roles.")
        tags = ItemTags.build(item_tags, catalogue.items, tag_text if config.tag_tower == "text" else None)
        titles = items.filter(pl.col("item_id").is_in(catalogue.items.names))["title"].to_list()
        words = vocabulary(tags.names, titles)
        return cls(users, catalogue, dict(kinds), log, end, tags, words, WordBags.of(tags.names, words))

    def sizes(self, config: TowersConfig) -> Sizes:
        """Sizes of the network that fits."""
        text = self.catalogue.text
        return Sizes(
            n_items=len(self.catalogue),
            n_users=len(self.users) if config.user_id_width else 0,
            n_kinds=len(self.kinds),
            fixed=self.catalogue.sizes,
            text=0 if text is None else text.shape[1],
            n_words=len(self.words),
            tag_text=0 if self.tags.vectors is None else self.tags.vectors.shape[1],
        )
