"""What is recommended to a block of users, on integer rows only."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from intentrec.retrieval.additions import at_pairs, with_additions
from intentrec.retrieval.config import RetrievalConfig
from intentrec.retrieval.index import ItemIndex
from intentrec.retrieval.queries import TagQueries
from intentrec.retrieval.quotas import fill_quotas
from intentrec.retrieval.topk import Floats, Ints, Mask, Vectors, dot_pairs
from intentrec.retrieval.variety import Likeness, is_varied, vary


@dataclass(frozen=True)
class Chosen:
    """Chosen user-item pairs, (H,) each.

    Attributes:
        user: Row of the user.
        item: Row of the item.
        from_tag: Whether an interest brought the item, and not the plain user query.
        tagged: Whether a tag has part in the score; `tag` and `score_tag` mean nothing elsewhere.
        tag: Position of the tag in `TagQueries`.
        score_user: Part of the user's vector.
        score_tag: Part of the interest.
        score: What the row is ordered by: both parts together, less what variety costs it.
    """

    user: Ints
    item: Ints
    from_tag: Mask
    tagged: Mask
    tag: Ints
    score_user: Floats
    score_tag: Floats
    score: Floats


@dataclass(frozen=True)
class Block:
    """Users of one block with their interests.

    Attributes:
        index: Items under their vectors, (N, D).
        users: (U, D).
        beta: Weight of the user vector, (U,).
        tags: Queries of the users that have tags.
        allowed: Items that may be returned, (N,); None for all.
        excluded: Non-zero at items that a user must not get, (U, N).
        config: Quotas, variety and block size.
        categories: Category code of each item, -1 for none, (N,); None where nothing is known.
        added: What is added to the scores of the users' vectors, (U, N), never below 0; None for nothing.
    """

    index: ItemIndex
    users: Vectors
    beta: Floats
    tags: TagQueries
    allowed: Mask | None
    excluded: sparse.csr_array | None
    config: RetrievalConfig
    categories: Ints | None = None
    added: sparse.csr_array | None = None

    def chosen(self, k: int) -> Chosen:
        """Pairs of each user, in no order, with the parts of their scores.

        At most `k` for each user, or a whole pool where the first places are chosen for variety: then the best `k` by
        score are the list.
        """
        varied = is_varied(self.config, self.categories)
        share = self._shares()
        offered, item = self._filled(max(k, self.config.diversity_pool) if varied else k, share)
        from_tag = offered >= len(self.users)
        owner = np.concatenate([np.arange(len(self.users), dtype=np.int64), self.tags.user])
        user, query = owner[offered], np.where(from_tag, offered - len(self.users), 0)
        counts = np.bincount(self.tags.user, minlength=len(self.users))
        tagged = counts[user] > 0
        plain = tagged & ~from_tag
        query[plain] = nearest_member(user[plain], item[plain], self.tags.user, self.tags.vectors, self.index.vectors)
        beta = np.where(tagged, self.beta[user], 1.0)
        tag = np.zeros(len(user), dtype=np.int64)
        score_tag = np.zeros(len(user))
        at, of = query[tagged], item[tagged]
        tag[tagged] = nearest_member(
            at, of, self.tags.tag_query, self.tags.tag_vectors[self.tags.tag_name], self.index.vectors
        )
        score_tag[tagged] = (1.0 - beta[tagged]) * dot_pairs(self.tags.vectors, self.index.vectors, at, of)
        own = dot_pairs(self.users, self.index.vectors, user, item)
        score_user = beta * (own if self.added is None else own + at_pairs(self.added, user, item))
        score = score_user + score_tag
        if varied:
            likeness = Likeness(self.categories, self.index.vectors, self.config.diversity_vectors)
            score = vary(user, offered, item, score, share=share, likeness=likeness, config=self.config)
        return Chosen(user, item, from_tag, tagged, tag, score_user, score_tag, score)

    def _filled(self, k: int, share: Floats) -> tuple[Ints, Ints]:
        """Query (plain ones first, one a user, then interests) and item of the rows that the shares of `k` let in."""
        beta = self.beta[self.tags.user, None]
        fused = (beta * self.users[self.tags.user] + (1.0 - beta) * self.tags.vectors).astype(np.float32)
        owner = np.concatenate([np.arange(len(self.users), dtype=np.int64), self.tags.user])
        active = np.flatnonzero(share > 0)
        vectors = np.concatenate([self.users, fused])[active]
        hits = self.index.search(
            vectors,
            k,
            allowed=self.allowed,
            excluded=self.excluded,
            excluded_rows=owner[active],
            block_scores=self.config.block_scores,
        )
        if self.added is not None:
            scale = np.concatenate([np.ones(len(self.users)), beta[:, 0]])[active]
            hits = with_additions(
                hits, vectors, self.index.vectors, k, added=self.added, rows=owner[active], scale=scale,
                allowed=self.allowed, excluded=self.excluded,
            )  # fmt: skip
        query = active[hits.query]
        kept = fill_quotas(owner[query], query, hits.rank, hits.item, share=share, k=k)
        return query[kept], hits.item[kept]

    def _shares(self) -> Floats:
        """Share of every query: plain ones first, one a user, then interests."""
        counts = np.bincount(self.tags.user, minlength=len(self.users))
        of_user = self.config.user_share if self.config.fused == "interests" else 0.0
        share = np.where(counts > 0, of_user, 1.0)
        return np.concatenate([share, (1.0 - of_user) / counts[self.tags.user]])


def nearest_member(group: Ints, item: Ints, member_group: Ints, members: Vectors, items: Vectors) -> Ints:
    """For each pair of a group and an item, the member of the group with the highest dot product; ties go to the first.

    Args:
        group: (H,); each group has at least one member.
        item: Row of the item, (H,).
        member_group: Group of each member, ascending, (M,).
        members: (M, D).
        items: (N, D).
    """
    if not len(group):
        return np.empty(0, dtype=np.int64)
    first = np.searchsorted(member_group, group)
    counts = np.searchsorted(member_group, group, side="right") - first
    starts = np.cumsum(counts) - counts
    pair = np.repeat(np.arange(len(group)), counts)
    member = np.arange(len(pair)) - starts[pair] + first[pair]
    score = dot_pairs(members, items, member, item[pair])
    best = np.flatnonzero(score == np.maximum.reduceat(score, starts)[pair])
    _, earliest = np.unique(pair[best], return_index=True)
    nearest: Ints = member[best[earliest]]
    return nearest
