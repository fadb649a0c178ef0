"""A step is done once for the same ingredients, and again when anything that decides it changes."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.pipeline.steps import StepOutput, Steps, code_digest, fingerprint
from intentrec.tables import POOL
from intentrec.workspace import Workspace


def output(name: str = "tea") -> StepOutput:
    frame = pl.DataFrame({"interest": [name], "category": ["c"], "n_items": [1], "as_of": [None]}, schema=POOL.schema)
    return StepOutput({"pool": frame}, {"towers": lambda folder: save(folder, name)}, {"rows": 1})


def save(folder: Path, text: str) -> None:
    (folder / "meta.json").write_text(text)


def test_equal_ingredients_are_done_once(workspace: Workspace) -> None:
    steps = Steps(workspace)
    first = steps.do("pool", {"a": 1}, output)
    second = steps.do("pool", {"a": 1}, lambda: pytest.fail("done twice"))
    assert (first, steps.reused) == (second, ["pool"])
    assert steps.read(first, "pool")["interest"].to_list() == ["tea"]


def test_other_ingredients_are_done_anew(workspace: Workspace) -> None:
    steps = Steps(workspace)
    first = steps.do("pool", {"a": 1}, output)
    second = steps.do("pool", {"a": 2}, lambda: output("coffee"))
    assert first.tables["pool"].digest != second.tables["pool"].digest
    assert steps.read(first, "pool")["interest"].to_list() == ["tea"]


def test_a_step_whose_artefact_is_gone_is_done_again(workspace: Workspace) -> None:
    record = Steps(workspace).do("pool", {"a": 1}, output)
    folder = workspace.artefacts.path(record.artefacts["towers"])
    (folder / "meta.json").unlink()
    folder.rmdir()
    steps = Steps(workspace)
    assert steps.do("pool", {"a": 1}, output).artefacts == record.artefacts
    assert steps.reused == []


@given(st.dictionaries(st.text(), st.integers(0, 9), min_size=2))
def test_the_order_of_ingredients_does_not_matter(ingredients: dict[str, int]) -> None:
    assert fingerprint(ingredients) == fingerprint(dict(reversed(ingredients.items())))


def test_the_code_is_an_ingredient() -> None:
    assert len(code_digest()) == 16
