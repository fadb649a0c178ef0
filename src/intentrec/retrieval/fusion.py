"""User vector and interests fused into one list for each user, with the part of each in every score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from intentrec.errors import DataError
from intentrec.retrieval.additions import checked
from intentrec.retrieval.block import Block, Chosen
from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.index import ItemIndex
from intentrec.retrieval.protocol import RECOMMENDED_SCHEMA
from intentrec.retrieval.queries import Fused, TagQueries
from intentrec.retrieval.topk import Floats, Ints, Mask, Vectors, rank_within
from intentrec.tables import TAGS

_QUERIES_A_USER = 4

FUSED_SCHEMA: dict[str, pl.DataType] = {
    **RECOMMENDED_SCHEMA,
    "score_user": pl.Float64(),
    "score_tag": pl.Float64(),
    "source": pl.String(),
    "tag": pl.String(),
    "interest_id": pl.String(),
}


@dataclass(frozen=True)
class Tags:
    """The tags of users and a vector for every distinct one.

    Attributes:
        frame: `user_id`, `rank`, `tag`, `interest_id`.
        names: Distinct tags, each once.
        vectors: (len(names), D).
    """

    frame: pl.DataFrame
    names: Sequence[str]
    vectors: NDArray[np.floating]


def recommend(
    index: ItemIndex,
    users: Sequence[str],
    user_vectors: NDArray[np.floating],
    k: int,
    *,
    beta: float | Floats,
    config: RetrievalConfig,
    tags: Tags | None = None,
    allowed: Mask | None = None,
    excluded: sparse.csr_array | None = None,
    categories: Ints | None = None,
    added: sparse.csr_array | None = None,
) -> pl.DataFrame:
    """The best `k` items of each user, each row with the share of the user's vector and of a tag in its score.

    An interest searches with `beta * user + (1 - beta) * mean of its tags`. The plain user vector searches beside them
    and fills `config.user_share` of the list. What is chosen is ordered by `score_user + score_tag`. A user without
    tags, or with beta 1, gets the plain list: `score_tag`, `tag` and `interest_id` are null there.

    With `config.diversity` or `config.category_cap`, and categories to go by, the first `config.diversity_places` are
    chosen for variety (see `vary`): `score` is then what the row is ordered by, the sum of its parts less what variety
    costs it. Such a list is the beginning of every longer one, up to `config.diversity_pool` places.

    Args:
        index: Items under their vectors, (N, D).
        users: Each once; rows come back in this order.
        user_vectors: (U, D).
        k: Most items for one user.
        beta: One weight, or one a user, (U,), from 0 to 1.
        config: Quotas, variety and block size.
        tags: Tags of these and perhaps other users; None for none.
        allowed: Items that may be returned at all, (N,).
        excluded: Non-zero at items that a user must not get, (U, N).
        categories: Category code of each item, -1 for none, (N,); None where nothing is known.
        added: What is added to the scores of user vectors, (U, N), never below 0 (`Remembered.scores`): part of
            `score_user`. None for nothing.

    Returns:
        Columns of `FUSED_SCHEMA`, ordered by user as given, then rank.

    Raises:
        DataError: A user comes twice, or shapes do not fit.
    """
    vectors = _checked(users, user_vectors, index)
    extra = None if added is None else checked(added, (len(users), len(index)))
    betas = np.broadcast_to(np.asarray(beta, dtype=np.float64), len(users))
    # An approximate index holds no score for every item, but a pool of candidates for each query of a user.
    held = len(index) if index.compares_all else _QUERIES_A_USER * max(k, config.diversity_pool)
    step = max(1, config.block_scores // max(1, held))
    frames = [pl.DataFrame(schema=FUSED_SCHEMA)]
    for start in range(0, len(users), step):
        part = slice(start, start + step)
        queries = _queries(users[part], betas[part], vectors.shape[1], tags, config.fused)
        barred = None if excluded is None else excluded[part]
        block = Block(
            index,
            vectors[part],
            betas[part],
            queries,
            allowed,
            barred,
            config,
            categories,
            None if extra is None else extra[part],
        )
        frames.append(_frame(index, users[part], queries, block.chosen(k), k))
    return pl.concat(frames)


def _checked(users: Sequence[str], vectors: NDArray[np.floating], index: ItemIndex) -> Vectors:
    if len(set(users)) != len(users):
        raise DataError("A user is asked for twice; give each user once.")
    wanted = (len(users), index.vectors.shape[1])
    if vectors.shape != wanted:
        raise DataError(f"The user vectors have shape {vectors.shape}, but must have {wanted}.")
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _queries(users: Sequence[str], betas: Floats, width: int, tags: Tags | None, fused: Fused) -> TagQueries:
    if tags is None:
        tags = Tags(TAGS.empty(), (), np.zeros((0, width), dtype=np.float32))
    fusing = [user for user, weight in zip(users, betas, strict=True) if weight < 1.0]
    frame = tags.frame.filter(pl.col("user_id").is_in(fusing))
    return TagQueries.build(users, frame, tags.names, tags.vectors, fused)


def _frame(index: ItemIndex, users: Sequence[str], tags: TagQueries, chosen: Chosen, k: int) -> pl.DataFrame:
    order = np.lexsort((chosen.item, -chosen.score, chosen.user))
    order = order[rank_within(chosen.user[order]) <= k]
    user, tagged, tag = chosen.user[order], chosen.tagged[order], chosen.tag[order]
    named = tag[tagged]
    words, interests = np.full((2, len(order)), None, dtype=np.object_)
    words[tagged], interests[tagged] = tags.names[tags.tag_name[named]], tags.tag_interest[named]
    score_tag = pl.Series(chosen.score_tag[order])
    return pl.DataFrame(
        {
            "user_id": np.asarray(users, dtype=np.object_)[user].tolist(),
            "rank": rank_within(user),
            "item_id": index.ids[chosen.item[order]].tolist(),
            "score": chosen.score[order],
            "score_user": chosen.score_user[order],
            "score_tag": score_tag.set(~pl.Series(tagged), None),
            "source": np.where(chosen.from_tag[order], "tag", "user").tolist(),
            "tag": words.tolist(),
            "interest_id": interests.tolist(),
        },
        schema=FUSED_SCHEMA,
        strict=False,
    )
