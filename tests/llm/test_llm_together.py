import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.llm.together import Together


class Engine:
    """Doubles numbers, and keeps the batches; -1 has no answer. The first batch waits until `others` are in line."""

    def __init__(self, others: int = 0) -> None:
        self.batches: list[list[int]] = []
        self.line: Together[int, int] | None = None
        self.others = others

    def __call__(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(numbers))
        assert self.line is not None
        while len(self.batches) == 1 and len(self.line._waiting) < self.others:
            threading.Event().wait(0.001)
        if 13 in numbers:
            raise OSError("the engine broke")
        return [ValueError("no") if number < 0 else 2 * number for number in numbers]


def line_of(engine: Engine, size: int) -> Together[int, int]:
    engine.line = Together(engine, size)
    return engine.line


def test_one_thread_is_answered_at_once() -> None:
    engine = Engine()
    line = line_of(engine, 4)
    assert [line.ask(n, "even") for n in (1, 1, 2)] == [2, 2, 4]
    assert engine.batches == [[1], [1], [2]]


def test_those_who_wait_are_answered_together_by_kind_and_up_to_the_size() -> None:
    engine = Engine(others=7)
    line = line_of(engine, 3)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: line.ask(n, n % 2), range(8)))
    assert answers == [2 * n for n in range(8)]
    assert len(engine.batches[0]) == 1
    assert all(len(batch) <= 3 and len({n % 2 for n in batch}) == 1 for batch in engine.batches)
    assert len(engine.batches) <= 5  # 1 alone, then 3 + 4 in threes


def test_equal_questions_of_two_threads_are_both_answered() -> None:
    engine = Engine(others=3)
    line = line_of(engine, 4)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda n: line.ask(7, 0), range(4))) == [14] * 4
    assert sum(map(len, engine.batches)) == 4


def test_one_that_has_no_answer_leaves_its_neighbours_alone_and_a_broken_engine_breaks_its_batch_only() -> None:
    engine = Engine()
    line = line_of(engine, 4)
    with pytest.raises(ValueError, match="no"):
        line.ask(-1, 0)
    with pytest.raises(OSError, match="broke"):
        line.ask(13, 0)
    assert line.ask(1, 0) == 2


@given(st.lists(st.integers(-3, 12), max_size=12), st.integers(1, 5))
def test_everybody_gets_an_answer_of_their_own(numbers: list[int], size: int) -> None:
    line = line_of(Engine(), size)

    def outcome(number: int) -> object:
        try:
            return line.ask(number, 0)
        except ValueError:
            return "no"

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(outcome, numbers)) == ["no" if n < 0 else 2 * n for n in numbers]
