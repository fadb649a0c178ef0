import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.llm.retries import Later, backoff, retrying


class Flaky:
    def __init__(self, failures: int, after: float | None = None) -> None:
        self.left, self.after, self.tries = failures, after, 0

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.left:
            raise Later(OSError("busy"), self.after)
        return "done"


def test_waits_double_until_it_works() -> None:
    slept: list[float] = []
    assert retrying(Flaky(3), 5, slept.append, lambda: 0.0) == "done"
    assert slept == [0.25, 0.5, 1.0]


def test_the_time_a_server_names_is_kept() -> None:
    slept: list[float] = []
    retrying(Flaky(1, after=7), 5, slept.append, lambda: 0.0)
    assert slept == [7]


@pytest.mark.parametrize("retries", [0, 2])
def test_the_last_failure_is_raised_as_it_was(retries: int) -> None:
    flaky = Flaky(99)
    with pytest.raises(OSError, match="busy"):
        retrying(flaky, retries, lambda seconds: None)
    assert flaky.tries == retries + 1


def test_what_cannot_be_cured_by_waiting_is_not_tried_again() -> None:
    def broken() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        retrying(broken, 5, pytest.fail)


@given(st.integers(0, 40), st.none() | st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_every_wait_is_bounded(n: int, after: float | None, jitter: float) -> None:
    assert 0 <= backoff(n, after, jitter) <= 601
