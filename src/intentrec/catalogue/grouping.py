"""Categories for catalogues that bring none: groups of near items, named by their key phrases."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from intentrec.catalogue.config import CatalogueConfig
from intentrec.text.clusters import spherical_kmeans
from intentrec.text.names import group_names
from intentrec.text.phrases import PhraseModel

_FEWEST, _MOST = 20, 200


def made_categories(
    titles: Sequence[str], vectors: NDArray[np.float32], model: PhraseModel, config: CatalogueConfig
) -> list[str]:
    """A category name for each item, in order."""
    k = config.n_categories or min(max(round(1.5 * math.sqrt(len(titles))), _FEWEST), _MOST)
    labels = spherical_kmeans(vectors, k, config.seed, config.min_category_items)
    names = group_names(titles, labels, model)
    return [names[label] for label in labels.tolist()]
