"""The interests of users as vectors to search with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.errors import DataError
from intentrec.retrieval.topk import Ints, Vectors

Fused = Literal["interests", "single"]


@dataclass(frozen=True)
class TagQueries:
    """The tags of a block of users, grouped into queries.

    Attributes:
        user: Row of the user of each query, ascending, (Q,).
        vectors: Mean of the query's tag vectors, (Q, D).
        tag_query: Query of each tag, ascending, (T,).
        tag_name: Row of each tag in `tag_vectors`, (T,).
        tag_interest: Interest id of each tag, (T,).
        names: Distinct tags, (M,).
        tag_vectors: (M, D).
    """

    user: Ints
    vectors: Vectors
    tag_query: Ints
    tag_name: Ints
    tag_interest: NDArray[np.object_]
    names: NDArray[np.object_]
    tag_vectors: Vectors

    @classmethod
    def build(
        cls, users: Sequence[str], tags: pl.DataFrame, names: Sequence[str], vectors: NDArray[np.floating], fused: Fused
    ) -> Self:
        """Group the tags of the given users; users without tags get no query.

        Args:
            users: The block of users, each once.
            tags: `user_id`, `rank`, `tag`, `interest_id`.
            names: Tags that have a vector, each once.
            vectors: Their vectors, (M, D).
            fused: "interests" for a query an interest, "single" for one query a user.

        Raises:
            DataError: A tag of these users has no vector.
        """
        by = ["user_row", "interest_id"] if fused == "interests" else ["user_row"]
        rows = _rows_of(users, tags, names).sort(["user_row", "interest_id", "rank"])
        groups = rows.group_by(by, maintain_order=True).agg(pl.len())
        query = np.repeat(np.arange(len(groups), dtype=np.int64), groups["len"].to_numpy())
        name = rows["name_row"].to_numpy().astype(np.int64)
        tag_vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        return cls(
            groups["user_row"].to_numpy().astype(np.int64),
            _means(tag_vectors, name, query, len(groups)),
            query,
            name,
            rows["interest_id"].to_numpy(),
            np.asarray(list(names), dtype=np.object_),
            tag_vectors,
        )

    @classmethod
    def of_one(
        cls, tags: Sequence[tuple[str, int, str]], names: Sequence[str], vectors: NDArray[np.floating], fused: Fused
    ) -> Self:
        """The same for a single user, without any table.

        Args:
            tags: Interest id, rank and tag of each.
            names: Tags that have a vector, each once.
            vectors: Their vectors, (M, D).
            fused: As in `build`.
        """
        ordered, place = sorted(tags), {name: row for row, name in enumerate(names)}
        interests = [interest for interest, _, _ in ordered]
        groups = list(dict.fromkeys(interests)) if fused == "interests" else [""] * bool(ordered)
        number = {interest: query for query, interest in enumerate(groups)}
        query = np.array([number.get(interest, 0) for interest in interests], dtype=np.int64)
        name = np.array([place[tag] for _, _, tag in ordered], dtype=np.int64)
        tag_vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        return cls(
            np.zeros(len(groups), dtype=np.int64),
            _means(tag_vectors, name, query, len(groups)),
            query,
            name,
            np.array(interests, dtype=np.object_),
            np.asarray(list(names), dtype=np.object_),
            tag_vectors,
        )


def _rows_of(users: Sequence[str], tags: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    places = pl.DataFrame({"user_id": list(users)}, schema={"user_id": pl.String}).with_row_index("user_row")
    named = pl.DataFrame({"tag": list(names)}, schema={"tag": pl.String}).with_row_index("name_row")
    rows = tags.select("user_id", "rank", "tag", "interest_id").join(places, on="user_id").join(named, "tag", "left")
    lost = rows.filter(pl.col("name_row").is_null())
    if len(lost):
        raise DataError(f"Tag {lost['tag'][0]!r} has no vector; compute the tag vectors of all tags first.")
    return rows


def _means(vectors: Vectors, rows: Ints, groups: Ints, n_groups: int) -> Vectors:
    """Mean vector of each group, (G, D); groups ascend and none is empty."""
    if not n_groups:
        return np.zeros((0, vectors.shape[1]), dtype=np.float32)
    counts = np.bincount(groups, minlength=n_groups)
    sums = np.add.reduceat(vectors[rows].astype(np.float64), np.cumsum(counts) - counts, axis=0)
    return (sums / counts[:, None]).astype(np.float32)
