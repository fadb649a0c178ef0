"""The best items for one person, without a table in between: what `Ranker.recommend` gives for one user."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from intentrec.retrieval import RetrievalConfig
from intentrec.retrieval.additions import checked
from intentrec.retrieval.block import Block, Chosen
from intentrec.retrieval.queries import TagQueries
from intentrec.retrieval.topk import Mask, Vectors
from intentrec.serving.ranking.person import Ints, Person
from intentrec.serving.ranking.shelf import Shelf

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """How a list is cut.

    Attributes:
        k: Most rows.
        unseen: Leave out what the person had.
        mask: Items that may come, (N,); None for all.
        config: Quotas and variety.
        beta: Weight of the person's vector against the tags.
    """

    k: int
    unseen: bool
    mask: Mask | None
    config: RetrievalConfig
    beta: float


def best(person: Person, shelf: Shelf, wanted: Wanted) -> list[Row]:
    """Rows with `item` (its place on the shelf) and the columns of `FUSED_SCHEMA`, best first.

    Who has no vector is ranked by tags only.
    """
    width = shelf.index.vectors.shape[1]
    vector = person.vector
    if vector is None:
        vector = np.zeros(width, dtype=np.float32)
        config = wanted.config.model_copy(update={"user_share": 0.0})
        wanted = replace(wanted, beta=0.0, config=config)
    queries = person.queries if wanted.beta < 1.0 else no_queries(width)
    return _rows(_block(vector, queries, person, shelf, wanted).chosen(wanted.k), queries, shelf, wanted.k)


def _block(vector: Vectors, queries: TagQueries, person: Person, shelf: Shelf, wanted: Wanted) -> Block:
    n = len(shelf.index)
    return Block(
        index=shelf.index,
        users=np.ascontiguousarray(vector[None], dtype=np.float32),
        beta=np.array([wanted.beta]),
        tags=queries,
        allowed=wanted.mask,
        excluded=_barred(person.barred(shelf), n) if wanted.unseen else None,
        config=wanted.config,
        categories=shelf.categories,  # type: ignore[arg-type]
        added=None if person.added is None else checked(_wider(person.added, n), (1, n)),
    )


def no_queries(width: int) -> TagQueries:
    """Of somebody without interests."""
    return TagQueries.of_one([], [], np.zeros((0, width), dtype=np.float32), "interests")


def _barred(rows: Ints, n: int) -> sparse.csr_array:
    rows = np.unique(rows)
    return sparse.csr_array((np.ones(len(rows), dtype=np.int8), rows, np.array([0, len(rows)])), shape=(1, n))


def _wider(table: sparse.csr_array, n: int) -> sparse.csr_array:
    """The same with columns for items that came in since."""
    if table.shape[1] == n:
        return table
    return sparse.csr_array((table.data, table.indices, table.indptr), shape=(1, n))


def _rows(chosen: Chosen, queries: TagQueries, shelf: Shelf, k: int) -> list[Row]:
    order = np.lexsort((chosen.item, -chosen.score))[:k]
    columns = (
        chosen.item,
        chosen.score,
        chosen.score_user,
        chosen.score_tag,
        chosen.from_tag,
        chosen.tagged,
        chosen.tag,
    )
    ids = shelf.index.ids[chosen.item[order]].tolist()
    rows = []
    for rank, (item_id, *values) in enumerate(
        zip(ids, *(column[order].tolist() for column in columns), strict=True), 1
    ):
        item, score, own, theirs, from_tag, tagged, tag = values
        rows.append(
            {
                "item": item,
                "item_id": item_id,
                "rank": rank,
                "score": score,
                "score_user": own,
                "score_tag": theirs if tagged else None,
                "source": "tag" if from_tag else "user",
                "tag": queries.names[queries.tag_name[tag]] if tagged else None,
                "interest_id": queries.tag_interest[tag] if tagged else None,
            }
        )
    return rows


def listed(shelf: Shelf, items: Ints, scores: Any, source: str) -> list[Row]:
    """Rows of items in their order that have one score only."""
    ids = shelf.index.ids[items].tolist()
    none = dict.fromkeys(("score_user", "score_tag", "tag", "interest_id", "interest"))
    return [
        {"item": item, "item_id": item_id, "rank": rank, "score": score, "source": source, **none}
        for rank, (item, item_id, score) in enumerate(zip(items.tolist(), ids, scores.tolist(), strict=True), 1)
    ]
