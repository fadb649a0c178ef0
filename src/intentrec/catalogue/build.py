"""The catalogue stage: items in, one row per item and the pool of candidate interests out."""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.catalogue.config import CatalogueConfig
from intentrec.catalogue.grouping import made_categories
from intentrec.catalogue.names import item_name
from intentrec.catalogue.pool import interest_pool
from intentrec.data.asof import visible
from intentrec.tables import CATALOGUE, EVENTS, ITEMS
from intentrec.text.categories import TagToCategory
from intentrec.text.clusters import unit
from intentrec.text.embeddings import Embedder
from intentrec.text.phrases import PhraseModel, fit_phrases


@dataclass(frozen=True)
class CatalogueResult:
    """What is known about the items as of one time.

    Attributes:
        catalogue: Rows of `CATALOGUE`, sorted by item_id.
        pool: Rows of `POOL`, sorted by interest.
        item_vectors: Unit rows (n_items, d) in the order of `catalogue`: name and phrase in equal parts.
    """

    catalogue: pl.DataFrame
    pool: pl.DataFrame
    item_vectors: NDArray[np.float32]


def build_catalogue(
    items: pl.DataFrame, events: pl.DataFrame, embedder: Embedder, config: CatalogueConfig, as_of: datetime
) -> CatalogueResult:
    """Names, phrases, categories and candidate interests of the items that are visible as of a time.

    Categories that items bring are kept, and items without one get that of their nearest neighbours; where no item
    brings one, they are made by grouping.

    Args:
        items: Rows of `ITEMS`.
        events: Rows of `EVENTS`; they only say which items without a `created_at` are not there yet.
    """
    items = _sorted(visible(items, events, as_of)[0])
    if items.is_empty():
        return CatalogueResult(
            CATALOGUE.empty(), interest_pool([], [], fit_phrases([]), config, as_of), _none(embedder)
        )
    titles = _unbranded(items)
    model = fit_phrases(titles)
    rows = _named(items, model, config)
    vectors = _vectors(rows, embedder)
    given = items["category"].to_list()
    categories = _completed(given, vectors, config) if any(given) else made_categories(titles, vectors, model, config)
    pool = interest_pool(titles, categories, model, config, as_of)
    return CatalogueResult(_table(rows, categories, as_of), pool, vectors)


def extend_catalogue(
    base: CatalogueResult, items: pl.DataFrame, embedder: Embedder, config: CatalogueConfig, as_of: datetime
) -> CatalogueResult:
    """The catalogue with a row for every item that is visible as of a later time; existing rows and the pool stay.

    New items are named by the word counts of the items that `base` knows, so the order in which they appear does not
    matter.

    Args:
        items: Rows of `ITEMS` that are visible as of `as_of`, those of `base` included.
    """
    items = _sorted(items)
    known = base.catalogue["item_id"]
    new = items.filter(~pl.col("item_id").is_in(known.implode()))
    if new.is_empty():
        return base
    if base.catalogue.is_empty():
        return build_catalogue(items, EVENTS.empty(), embedder, config, as_of)
    model = fit_phrases(_unbranded(items.filter(pl.col("item_id").is_in(known.implode()))))
    rows = _named(new, model, config)
    vectors = _vectors(rows, embedder)
    phi = TagToCategory(base.item_vectors, base.catalogue["category"].to_list(), config.neighbours)
    categories = [given or near for given, near in zip(new["category"], phi.predict(vectors), strict=True)]
    catalogue = pl.concat([base.catalogue, _table(rows, categories, as_of)])
    order = catalogue["item_id"].arg_sort()
    return CatalogueResult(catalogue[order], base.pool, np.concatenate([base.item_vectors, vectors])[order.to_numpy()])


def _sorted(items: pl.DataFrame) -> pl.DataFrame:
    return ITEMS.check(items).sort("item_id").with_columns(pl.col("category").replace("", None))


def _named(items: pl.DataFrame, model: PhraseModel, config: CatalogueConfig) -> pl.DataFrame:
    names = [
        item_name(title, brand, category, config.max_name_chars)
        for title, brand, category in items.select("title", "brand", "category").iter_rows()
    ]
    phrases = [item_name(model.phrase(title), None, None, config.max_name_chars) for title in _unbranded(items)]
    return items.select("item_id", pl.Series("name", names), pl.Series("phrase", phrases))


def _unbranded(items: pl.DataFrame) -> list[str]:
    """Titles without their brand, which never enters a phrase; a title that is nothing else stays."""
    return [_without(title, brand) for title, brand in items.select("title", "brand").iter_rows()]


def _without(title: str, brand: str | None) -> str:
    if not brand:
        return title
    rest = re.sub(rf"(?<!\w){re.escape(brand)}(?!\w)", " ", title, flags=re.IGNORECASE)
    return rest.strip() or title


def _vectors(rows: pl.DataFrame, embedder: Embedder) -> NDArray[np.float32]:
    return unit(embedder.embed(rows["name"].to_list()) + embedder.embed(rows["phrase"].to_list()))


def _completed(given: list[str | None], vectors: NDArray[np.float32], config: CatalogueConfig) -> list[str]:
    known = [i for i, category in enumerate(given) if category]
    phi = TagToCategory(vectors[known], [given[i] or "" for i in known], config.neighbours)
    return [category or near for category, near in zip(given, phi.predict(vectors), strict=True)]


def _table(rows: pl.DataFrame, categories: list[str], as_of: datetime) -> pl.DataFrame:
    columns = [pl.lit(as_of).alias("as_of"), pl.lit("none").alias("model"), pl.lit("rules").alias("prompt_version")]
    return CATALOGUE.check(
        rows.with_columns(pl.Series("category", categories), *columns).cast({"as_of": CATALOGUE.schema["as_of"]})
    )


def _none(embedder: Embedder) -> NDArray[np.float32]:
    return np.empty((0, embedder.width), dtype=np.float32)
