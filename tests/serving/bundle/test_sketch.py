"""Nearest texts: the short form loses none of the nearest that it should find."""

from typing import Any

import numpy as np
import pytest

from intentrec.serving.bundle import sketch
from intentrec.serving.bundle.sketch import fit_sketch, nearest_texts


def unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def texts(n: int, width: int, rng: np.random.Generator) -> Any:
    """Around a few themes, as titles are."""
    themes = rng.standard_normal((40, width))
    return unit(themes[rng.integers(40, size=n)] + 0.7 * rng.standard_normal((n, width)))


def test_all_are_compared_where_they_are_few() -> None:
    rng = np.random.default_rng(0)
    held = texts(300, 96, rng).astype(np.float16)
    axes, short = fit_sketch(held)
    assert (axes.shape, short.shape) == ((96, 0), (300, 0))
    asked = texts(5, 96, rng)
    found = nearest_texts(asked, held, axes, short, 7)
    for row, vector in zip(found, asked, strict=True):
        likeness = np.round(held.astype(np.float32) @ vector, 5)
        assert row.tolist() == sorted(range(300), key=lambda at: (-likeness[at], at))[:7]


def test_ties_go_to_the_smaller_row_and_no_more_come_than_there_are() -> None:
    held = np.tile(unit(np.array([[1.0, 1.0]])), (3, 1)).astype(np.float16)
    assert nearest_texts(unit(np.array([[1.0, 0.0]])), held, *fit_sketch(held), 10).tolist() == [[0, 1, 2]]


def test_a_short_form_finds_the_same_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "_FEW", 1000)
    rng = np.random.default_rng(1)
    held, asked = texts(4000, 128, rng).astype(np.float16), texts(20, 128, rng)
    axes, short = fit_sketch(held)
    assert short.shape == (4000, 64)
    assert axes.T @ axes == pytest.approx(np.eye(64), abs=1e-5)
    none = np.zeros((128, 0), np.float32), np.zeros((4000, 0), np.float32)
    found, true = nearest_texts(asked, held, axes, short, 10), nearest_texts(asked, held, *none, 10)
    shared = [len(set(one) & set(other)) / 10 for one, other in zip(found.tolist(), true.tolist(), strict=True)]
    assert np.mean(shared) >= 0.95
