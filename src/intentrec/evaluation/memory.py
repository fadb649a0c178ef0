"""How much memory a comparison will take, before it begins."""

from collections.abc import Sequence

from intentrec.errors import ConfigError
from intentrec.evaluation.lists import ROWS_AT_ONCE, USERS_AT_ONCE

GIB = float(1 << 30)

# Bytes, from what the code holds; benchmarks/evaluation_memory.py compares the sum with the measured peak.
_A_ROW = 150  # of a block that a system returns: ids, codes, joins
_AN_ITEM = 120  # its id and its place in the join, category, counts, groups
_A_USER = 200  # ids of a user and of whom it stands for, codes
_A_TARGET = 100  # ids, pair, item, weight
_PER_USER_METRICS = 10  # a length, of which there are at most this many
_BLOCKS = 4e8  # what blocks of numpy hold at once: gathered lists, drawn users


def estimate_memory(
    n_users: int, n_items: int, ks: Sequence[int], *, n_systems: int = 1, n_views: int = 4,
    n_targets: int | None = None, width: int = 0, asked: int | None = None,
) -> float:  # fmt: skip
    """Bytes that a comparison holds at its peak, rough, beyond the systems, the log and Python itself.

    Args:
        n_users: Users with targets.
        n_items: Items that can be ranked.
        ks: Lengths of lists.
        n_systems: Baselines included.
        n_views: Views that are measured.
        n_targets: Of all users; ten a user where it is not known.
        width: Of item vectors, 0 without.
        asked: Whom systems are asked for, where these are users at moments; as many as users by default.
    """
    asked, n_targets = asked or n_users, n_targets or 10 * n_users
    k = max(ks)
    lists = asked * k * 4 * 2  # all lists of a system, and those of one view
    looks = asked * len(ks) * 5 * 8
    block = min(asked * k, USERS_AT_ONCE * k, ROWS_AT_ONCE) * _A_ROW
    columns = _PER_USER_METRICS * len(ks) * n_systems
    kept = n_users * columns * n_views * 4
    # A view is compared as one matrix: single precision, and double for the draws; the frame at the end copies all.
    compared = max(n_users * columns * 12, kept)
    items = n_items * (_AN_ITEM + 4 * width)
    targets = n_targets * (_A_TARGET + 2 * n_systems * n_views)
    return float(lists + looks + block + kept + compared + items + targets + asked * _A_USER + _BLOCKS)


def check_memory(needed: float, limit_gb: float) -> None:
    """Refuse what would not fit.

    Raises:
        ConfigError: More is needed than allowed.
    """
    if needed > limit_gb * GIB:
        raise ConfigError(
            f"This comparison needs about {needed / GIB:.1f} GB, and evaluation.memory_limit_gb is {limit_gb:g}. Raise "
            "it, or shorten evaluation.ks, evaluation.views or the list of systems."
        )
