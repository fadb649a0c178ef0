import numpy as np
import pytest


@pytest.fixture
def random_world(log, shelf):
    rng = np.random.default_rng(5)
    rows = {(int(u), int(i)) for u, i in rng.integers(0, [25, 12], size=(140, 2))}
    events = log(*(f"u{u:02} i{i:02} {rng.uniform(0, 90):.3f}" for u, i in sorted(rows)))
    return events, shelf(*(f"i{i:02}" for i in range(13)))  # i12 has no event
