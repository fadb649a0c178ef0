"""For every interest the phrases that may serve it, best first: near in text, or following in others' histories."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from intentrec.tags.config import TagsConfig
from intentrec.tags.phrasebook import Phrasebook
from intentrec.text.clusters import unit
from intentrec.text.embeddings import Embedder

_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True)
class Candidates:
    """Phrases for each interest, in the order of the interests frame.

    Attributes:
        phrases: (n_interests, candidates) indices, best first; -1 where there are no more.
        follows: (n_interests, candidates) whether others went on to the phrase.
        vectors: Unit rows (n_interests, d): name and evidence of the interest in equal parts.
        evidence: (n_interests, n_phrases) share of each phrase among the events that show the interest.
    """

    phrases: NDArray[np.int64]
    follows: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    evidence: csr_array


def find_candidates(
    interests: pl.DataFrame,
    touched: pl.DataFrame,
    follow: csr_array,
    book: Phrasebook,
    embedder: Embedder,
    config: TagsConfig,
) -> Candidates:
    """Score every eligible phrase for every interest and keep the best.

    Args:
        interests: Rows of `INTERESTS`.
        touched: `touched_phrases` of the events.
        follow: `follow_scores` of the same events.
        book: The catalogue's phrases.
        embedder: Text vectors.
        config: Shares and bounds.
    """
    evidence = _evidence(interests, touched, len(book.phrases))
    vectors = _interest_vectors(interests, evidence, book, embedder)
    width = min(config.candidates, len(book.phrases))
    phrases = np.full((interests.height, width), -1, dtype=np.int64)
    follows = np.zeros(phrases.shape, dtype=np.bool_)
    block = max(1, _BLOCK_CELLS // max(1, len(book.phrases)))
    for start in range(0, interests.height, block):
        part = slice(start, start + block)
        near = np.round(vectors[part] @ book.vectors.T, 4).astype(np.float64)
        after = (evidence[part] @ follow).toarray()
        score = np.round(config.text_share * near + (1 - config.text_share) * _scaled(after), 4)
        score[:, ~book.eligible] = -np.inf
        score[near < config.min_relevance] = -np.inf
        best = _best(score, width)
        found = np.isfinite(np.take_along_axis(score, best, axis=1))
        phrases[part] = np.where(found, best, -1)
        follows[part] = found & (np.take_along_axis(after, best, axis=1) > 0)
    return Candidates(phrases, follows, vectors, evidence)


def _evidence(interests: pl.DataFrame, touched: pl.DataFrame, n_phrases: int) -> csr_array:
    """(n_interests, n_phrases): share of each phrase among the events that show the interest."""
    rows = (
        interests.select("evidence")
        .with_row_index("interest")
        .explode("evidence")
        .drop_nulls("evidence")
        .join(touched.select("row", "phrase"), left_on="evidence", right_on="row", how="inner")
        .group_by("interest", "phrase")
        .len("n")
        .sort("interest", "phrase")
    )
    places = (rows["interest"].to_numpy().astype(np.int64), rows["phrase"].to_numpy())
    counts = csr_array((rows["n"].to_numpy().astype(np.float64), places), shape=(interests.height, n_phrases))
    totals: NDArray[np.float64] = np.asarray(counts.sum(axis=1)).ravel()
    return csr_array(counts.multiply((1.0 / np.maximum(totals, 1.0))[:, None]))


def _interest_vectors(
    interests: pl.DataFrame, evidence: csr_array, book: Phrasebook, embedder: Embedder
) -> NDArray[np.float32]:
    names = interests["interest"].unique().sort()
    vectors = embedder.embed(names.to_list())
    places = interests.select(pl.col("interest").replace_strict(names, pl.int_range(len(names), eager=True)))
    return unit(vectors[places["interest"].to_numpy()] + unit(evidence @ book.vectors.astype(np.float64)))


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    best = scores.max(axis=1, keepdims=True)
    return scores / np.where(best > 0, best, 1.0)


def _best(score: NDArray[np.float64], width: int) -> NDArray[np.int64]:
    """(rows, width) columns of the highest scores, best first; of equal scores the lower column."""
    keys = score - np.arange(score.shape[1]) * 1e-11
    best = np.argpartition(-keys, width - 1, axis=1)[:, :width]
    order = np.argsort(-np.take_along_axis(keys, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)
