import pytest

from intentrec.text.hashing import HashingEmbedder


@pytest.fixture
def embedder():
    return HashingEmbedder()
