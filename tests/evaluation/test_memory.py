import pytest

from intentrec.errors import ConfigError
from intentrec.evaluation.memory import GIB, check_memory, estimate_memory

KS = (5, 10, 50, 100, 500)


def test_a_hundred_thousand_users_and_a_million_items_stay_under_four_gb():
    assert estimate_memory(100_000, 1_000_000, KS, n_systems=4) < 4 * GIB


@pytest.mark.parametrize(
    "more", [{"n_users": 200_000}, {"n_items": 2_000_000}, {"ks": (1000,)}, {"n_systems": 8}, {"width": 384}]
)
def test_more_of_anything_needs_more(more):
    base = {"n_users": 100_000, "n_items": 1_000_000, "ks": (500,), "n_systems": 4}
    assert estimate_memory(**(base | more)) > estimate_memory(**base)


def test_users_at_moments_cost_their_lists():
    assert estimate_memory(1_000, 10, KS, asked=50_000) - estimate_memory(1_000, 10, KS) > 49_000 * 500 * 4


def test_what_does_not_fit_is_refused_with_what_to_change():
    with pytest.raises(ConfigError, match=r"needs about 5\.0 GB.*memory_limit_gb is 4.*shorten evaluation\.ks"):
        check_memory(5 * GIB, 4.0)
    check_memory(3.9 * GIB, 4.0)
