"""The pool of candidate interests that profiles are matched with (I_m of RecGPT-V1, section 2.1)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from intentrec.catalogue.config import CatalogueConfig
from intentrec.tables import POOL
from intentrec.text.names import key_phrases
from intentrec.text.phrases import PhraseModel


def interest_pool(
    titles: Sequence[str], categories: Sequence[str], model: PhraseModel, config: CatalogueConfig, as_of: datetime
) -> pl.DataFrame:
    """Rows of `POOL`, sorted by interest: the most typical phrases of each category, larger categories first to choose.

    A category without a phrase that enough items share is a candidate interest under its own name.
    """
    members: defaultdict[str, list[str]] = defaultdict(list)
    for title, category in zip(titles, categories, strict=True):
        members[category].append(title)
    taken: dict[str, tuple[str, int]] = {}
    for category in sorted(members, key=lambda name: (-len(members[name]), name)):
        phrases = key_phrases(members[category], model, config.min_interest_items)
        free = [phrase for phrase in phrases if phrase.text not in taken][: config.interests_per_category]
        taken.update((phrase.text, (category, phrase.n_titles)) for phrase in free)
        if not free:
            taken.setdefault(category, (category, len(members[category])))
    return POOL.rows(
        {"interest": name, "category": category, "n_items": n, "as_of": as_of}
        for name, (category, n) in sorted(taken.items())
    )
