"""Titles as numbers: counts of words, and vectors of whatever embedder the caller brings."""

import re
from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.errors import DataError
from intentrec.text.hashing import HashingEmbedder
from intentrec.text.words import stem

Vectors = NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]
"""Texts -> rows (n, width), one a text; need not be of unit length."""

_WORD = re.compile(r"[^\W_]+")


def titles_of(items: pl.DataFrame, ids: pl.Series) -> list[str]:
    """The title of each id, in their order; an empty one where an item has none.

    Raises:
        DataError: The table has no column of titles.
    """
    if "title" not in items.columns:
        raise DataError(f"This baseline reads titles, and the item table has only {', '.join(items.columns)}.")
    titles = items.select(pl.col("item_id").cast(pl.String), pl.col("title").cast(pl.String)).unique(
        "item_id", keep="first", maintain_order=True
    )
    joined = pl.DataFrame({"item_id": ids}).join(titles, on="item_id", how="left", maintain_order="left")
    return joined["title"].fill_null("").to_list()


def word_counts(titles: list[str]) -> sparse.csr_array:
    """How often each word stands in each title, float32, (I, V): lower case, English plurals as their singular."""
    words = pl.DataFrame({"row": np.arange(len(titles)), "word": [_words(title) for title in titles]},
                         schema={"row": pl.Int64, "word": pl.List(pl.String)})  # fmt: skip
    found = words.explode("word").drop_nulls().group_by("row", "word").len().sort("row", "word")
    vocabulary = found["word"].unique().sort()
    places = pl.DataFrame({"word": vocabulary, "place": np.arange(len(vocabulary), dtype=np.int64)})
    found = found.join(places, on="word", how="left", maintain_order="left")
    at = (found["row"].to_numpy(), found["place"].to_numpy())
    return sparse.csr_array((found["len"].to_numpy().astype(np.float32), at), shape=(len(titles), len(vocabulary)))


def hashed(titles: list[str]) -> Vectors:
    """The embedder of the house that needs no model: spelling only."""
    return HashingEmbedder().embed(titles)


def remembered(embed: Embed) -> Embed:
    """The same embedder, which embeds the titles it was asked for last only once: all trials of a search share them."""
    last: tuple[list[str], Vectors] | None = None

    def embed_once(titles: list[str]) -> Vectors:
        nonlocal last
        if last is None or last[0] != titles:
            last = (list(titles), embed(titles))
        return last[1]

    return embed_once


def unit_vectors(embed: Embed, titles: list[str]) -> Vectors:
    """Rows of unit length (I, D); of zeros where the embedder has nothing to say.

    Raises:
        DataError: The embedder does not give one finite row for each title.
    """
    vectors = np.asarray(embed(titles), dtype=np.float32) if titles else np.empty((0, 1), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(titles) or not np.isfinite(vectors).all():
        raise DataError(
            f"The embedder gave an array of shape {vectors.shape} for {len(titles)} titles; "
            "it must be one row of finite numbers for each."
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit


def _words(title: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(title.lower())]
