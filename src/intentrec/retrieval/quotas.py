"""Several ranked lists of a user merged into one, each with its share."""

import numpy as np

from intentrec.retrieval.topk import Floats, Ints, rank_within


def fill_quotas(user: Ints, query: Ints, rank: Ints, item: Ints, *, share: Floats, k: int) -> Ints:
    """Positions of the rows that make up each user's list, ordered by user, then turn.

    A row's turn comes at `rank / share`: in every prefix of the list a query has about its share, as in weighted fair
    queueing. An item that several queries offer goes to the one whose turn comes first, and the others move up; equal
    turns go to the lower query, then the lower item.

    Args:
        user: Row of the user, (H,).
        query: Row of the query, (H,).
        rank: Place in the query's own list, from 1, (H,).
        item: Row of the item, (H,).
        share: Positive share of each query, (Q,).
        k: Most rows for one user.
    """
    order = _by_turn(user, query, item, rank / share[query])
    _, first = np.unique(user[order] * (item.max(initial=0) + 1) + item[order], return_index=True)
    own = order[np.sort(first)]  # each item stays with one query, whose list closes ranks
    own = own[np.lexsort((rank[own], query[own], user[own]))]
    place = rank_within(_runs(user[own], query[own]))
    own = own[_by_turn(user[own], query[own], item[own], place / share[query[own]])]
    return own[rank_within(user[own]) <= k]


def _by_turn(user: Ints, query: Ints, item: Ints, turn: Floats) -> Ints:
    return np.lexsort((item, query, turn, user)).astype(np.int64)


def _runs(user: Ints, query: Ints) -> Ints:
    """A number for each run of equal user and query, ascending."""
    fresh = (np.diff(user, prepend=user[:1]) != 0) | (np.diff(query, prepend=query[:1]) != 0)
    return np.cumsum(fresh).astype(np.int64)
