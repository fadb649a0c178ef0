import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from intentrec.evaluation.channels import alone_at, found_at

places = hnp.arrays(np.int16, (1, 6), elements=st.integers(0, 9))


def test_found_is_the_share_of_seeds():
    assert found_at(np.array([[0, 5, 9], [3, 2, 9]]), 3).tolist() == [0.5, 0.5, 0.0]


def test_what_only_one_system_finds_by_hand():
    systems = {"a": np.array([[0, 0, 9, 9]]), "b": np.array([[0, 9, 1, 9]])}
    assert alone_at(systems, 2)["a"].tolist() == [0, 1, 0, 0]
    assert alone_at(systems, 2)["b"].tolist() == [0, 0, 1, 0]
    assert alone_at(systems, 1)["b"].tolist() == [0, 0, 0, 0]


def test_seeds_share_what_they_find_by_chance():
    systems = {"a": np.array([[0], [9]]), "b": np.array([[0], [9]])}
    assert alone_at(systems, 1)["a"] == pytest.approx([0.25])


@settings(deadline=None)
@given(a=places, b=places, c=places, k=st.integers(1, 9))
def test_a_target_is_found_alone_by_one_system_at_most(a, b, c, k):
    systems = {"a": a, "b": b, "c": c}
    alone = alone_at(systems, k)
    assert (sum(alone.values()) <= 1).all()
    for name, found in alone.items():
        assert (found <= found_at(systems[name], k)).all()
    counted = sum((each < k).astype(int)[0] for each in systems.values())
    assert (sum(alone.values()) == (counted == 1)).all()
