"""Three items, the pairs they stand in, and a model that says what it is told to."""

from collections.abc import Callable
from functools import partial

import polars as pl
import pytest

from fake_model import FakeModel
from intentrec.tables import CATALOGUE


@pytest.fixture
def fake_model() -> Callable[..., FakeModel]:
    """A large model, unless it is said to be small."""
    return partial(FakeModel, small=False)


@pytest.fixture
def catalogue() -> pl.DataFrame:
    named = {"kettle": "copper kettle 2l", "cup": "porcelain cup", "spade": "steel spade"}
    return CATALOGUE.rows(
        {"item_id": i, "name": name, "phrase": name, "category": "garden" if i == "spade" else "tea things"}
        for i, name in named.items()
    )


@pytest.fixture
def pairs() -> pl.DataFrame:
    rows = [("tea time", "kettle", 5), ("tea time", "cup", 9), ("garden work", "spade", 1), ("tea time", "gone", 99)]
    return pl.DataFrame(rows, schema=["interest", "item_id", "n"], orient="row")
