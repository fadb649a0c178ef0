import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the worker processes of test_parallel read the same world

from sequence_world import SMALL, chains


@pytest.fixture(scope="session")
def world():
    return chains()


@pytest.fixture(scope="session")
def small():
    return SMALL
