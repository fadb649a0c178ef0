"""Intent drift: how far a user's latest events are from those before them (RecGPT-Mobile, arXiv 2605.04726).

    D = 0.4 |H(P_t) - H(P_t-1)| + 0.3 (1 - Jaccard(P_t, P_t-1)) + 0.3 JS(P_t, P_t-1)

P are shares of categories, H is the entropy and JS the Jensen-Shannon divergence, both in bits; Jaccard compares the
sets of categories. JS and Jaccard lie between 0 and 1 and H between 0 and log2(categories), so D lies between 0 and
0.6 + 0.4 log2(categories). The paper leaves the windows open. Both have as many events here, because few events have a
low entropy whatever they are about: against a whole history, every handful of events would look like drift.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log2

Shares = Mapping[str, float]


def drift(before: Sequence[str], now: Sequence[str]) -> float:
    """D of two windows of categories, one entry an event; 0.0 where either is empty."""
    if not before or not now:
        return 0.0
    p, q = shares(before), shares(now)
    jaccard = len(p.keys() & q.keys()) / len(p.keys() | q.keys())
    return 0.4 * abs(entropy(q) - entropy(p)) + 0.3 * (1 - jaccard) + 0.3 * divergence(p, q)


def shares(categories: Sequence[str]) -> Shares:
    """The share of each category."""
    return {name: count / len(categories) for name, count in Counter(categories).items()}


def entropy(p: Shares) -> float:
    """In bits."""
    return -sum(share * log2(share) for share in p.values())


def divergence(p: Shares, q: Shares) -> float:
    """Jensen-Shannon divergence in bits, 0 to 1."""
    middle = {name: (p.get(name, 0.0) + q.get(name, 0.0)) / 2 for name in p.keys() | q.keys()}
    return max(0.0, entropy(middle) - (entropy(p) + entropy(q)) / 2)
