import threading

from hypothesis import given
from hypothesis import strategies as st

from intentrec.llm.limits import RateLimiter


class Time:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def limiter(rpm: int, tpm: int) -> tuple[RateLimiter, Time]:
    time = Time()
    return RateLimiter(rpm, tpm, lambda: time.now, time.sleep), time


def test_without_limits_nothing_waits() -> None:
    limit, time = limiter(0, 0)
    for _ in range(100):
        limit.acquire(10**6)
    assert time.now == 0


def test_the_third_of_two_a_minute_waits_for_the_first_to_be_a_minute_old() -> None:
    limit, time = limiter(2, 0)
    limit.acquire(1)
    time.now = 10
    limit.acquire(1)
    limit.acquire(1)
    assert time.now == 60
    limit.acquire(1)
    assert time.now == 70


def test_a_call_over_the_token_limit_waits_until_it_is_alone() -> None:
    limit, time = limiter(0, 100)
    limit.acquire(40)
    limit.acquire(500)
    assert time.now == 60


def test_hold_stops_everyone_until_then() -> None:
    limit, time = limiter(0, 0)
    limit.hold(30)
    limit.hold(5)
    limit.acquire(1)
    assert time.now == 30


@given(
    st.integers(1, 5),
    st.integers(10, 50),
    st.lists(st.tuples(st.floats(0, 40), st.integers(1, 10)), max_size=40),
)
def test_no_window_of_a_minute_holds_more_than_the_limits(rpm: int, tpm: int, calls: list[tuple[float, int]]) -> None:
    limit, time = limiter(rpm, tpm)
    sent = []
    for gap, tokens in calls:
        time.now += gap
        limit.acquire(tokens)
        sent.append((time.now, tokens))
    for start, _ in sent:
        window = [tokens for when, tokens in sent if start <= when < start + 59.999]
        assert len(window) <= rpm
        assert sum(window) <= tpm


def test_threads_share_the_limit() -> None:
    limit, time = limiter(3, 0)
    threads = [threading.Thread(target=limit.acquire, args=(1,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.now == 0
    limit.acquire(1)
    assert time.now == 60
