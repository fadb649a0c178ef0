import polars as pl
import pytest

from intentrec.errors import ConfigError
from intentrec.evaluation.runs import Cost, Seeded, Watch, costs_of, runs_of, size_mb


class Weighed:
    def __init__(self, seed=0):
        self.seed = seed

    def recommend(self, users, k, *, filter_viewed=True):
        return pl.DataFrame({"user_id": list(users)})

    def with_histories(self, events):
        return Weighed(self.seed)

    def size_bytes(self):
        return 2_500_000


class Bare:
    def recommend(self, users, k, *, filter_viewed=True):
        return pl.DataFrame({"user_id": list(users)})


def test_a_seeded_system_is_built_once_for_each_seed():
    built = []
    runs = runs_of("mine", Seeded(lambda seed: built.append(seed) or Weighed(seed), (3, 5)))
    first = next(runs)
    assert (first.system.seed, built) == (3, [3])  # the second is not built before it is asked for
    assert [run.system.seed for run in runs] == [5]
    assert first.watch.train_s >= 0


def test_systems_trained_elsewhere_are_seeds_too():
    systems = [Weighed(7), Weighed(8)]
    assert [run.system for run in runs_of("mine", Seeded.of(systems))] == systems


def test_no_seed_is_refused():
    with pytest.raises(ConfigError, match="at least one"):
        Seeded.of([])


def test_the_watch_counts_users_also_of_other_histories():
    (run,) = runs_of("mine", Weighed())
    run.recommend(["a", "b"], 3)
    run.with_histories(pl.DataFrame()).recommend(["c"], 3)
    assert run.watch.asked == 3
    assert run.watch.seconds >= 0
    assert run.watch.train_s is None


def test_other_histories_need_the_method():
    (run,) = runs_of("bare", Bare())
    with pytest.raises(ConfigError, match="'bare' has no with_histories"):
        run.with_histories(pl.DataFrame())


def test_costs_are_means_over_runs_and_the_callers_word_goes_first():
    watches = {
        "two": [Watch(1.0, 0.2, 100, 8.0), Watch(3.0, 0.4, 100, 10.0)],
        "known": [Watch(None, 0.1, 10, None)],
        "unasked": [Watch()],
    }
    frame = costs_of(watches, {"known": Cost(train_s=60.0, mb=5.0), "two": Cost(mb=1.0)})
    assert frame.rows() == [
        ("two", 2.0, pytest.approx(3.0), 1.0),
        ("known", 60.0, pytest.approx(10.0), 5.0),
        ("unasked", None, None, None),
    ]


def test_size_where_a_system_can_say():
    assert size_mb(Weighed()) == 2.5
    assert size_mb(Bare()) is None
