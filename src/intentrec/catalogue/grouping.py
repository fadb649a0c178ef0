"""Categories for catalogues that bring none: groups of near items, named by their key phrases."""

import math
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.catalogue.config import CatalogueConfig
from intentrec.catalogue.copurchase import copurchase_vectors
from intentrec.text.clusters import spherical_kmeans, unit
from intentrec.text.names import group_names
from intentrec.text.phrases import PhraseModel

_FEWEST, _MOST = 20, 200


def made_categories(
    items: pl.DataFrame,
    events: pl.DataFrame,
    vectors: NDArray[np.float32],
    model: PhraseModel,
    config: CatalogueConfig,
    as_of: datetime,
) -> list[str]:
    """A category name for each item, in order."""
    n = len(items)
    k = config.n_categories or min(max(round(1.5 * math.sqrt(n)), _FEWEST), _MOST)
    labels = spherical_kmeans(
        _blended(items, events, vectors, config, as_of), k, config.seed, config.min_category_items
    )
    names = group_names(items["title"].to_list(), labels, model)
    return [names[label] for label in labels.tolist()]


def _blended(
    items: pl.DataFrame, events: pl.DataFrame, vectors: NDArray[np.float32], config: CatalogueConfig, as_of: datetime
) -> NDArray[np.float32]:
    """Vectors whose cosine is the weighted mean of the text cosine and the co-purchase cosine."""
    if not config.copurchase or events.is_empty():
        return vectors
    together = copurchase_vectors(items["item_id"], events, as_of)
    shares = np.sqrt([1 - config.copurchase, config.copurchase])
    return unit(np.hstack([shares[0] * vectors, shares[1] * together]))
