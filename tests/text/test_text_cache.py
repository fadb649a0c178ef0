import numpy as np
import pytest

from intentrec.text.cache import CachedEmbedder
from intentrec.text.hashing import HashingEmbedder
from intentrec.text.store import VectorStore


class Counting(HashingEmbedder):
    """A backend that notes what it was asked for."""

    def __init__(self, fail_on=""):
        super().__init__(32)
        self.asked = []
        self.fail_on = fail_on

    def embed(self, texts):
        if self.fail_on and self.fail_on in texts:
            raise RuntimeError("killed")
        self.asked += texts
        return super().embed(texts)


def segments(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_second_run_embeds_only_what_is_new(tmp_path):
    first = CachedEmbedder(Counting(), tmp_path)
    before = first.embed(["a", "b", "a"])
    backend = Counting()
    second = CachedEmbedder(backend, tmp_path)
    after = second.embed(["b", "c", "a"])
    assert backend.asked == ["c"]
    assert (first.n_embedded, second.n_embedded) == (2, 1)
    np.testing.assert_array_equal(after[[2, 0]], before[:2])


def test_the_width_of_a_filled_cache_is_known_without_the_model(tmp_path):
    CachedEmbedder(Counting(), tmp_path).embed(["a"])
    backend = Counting()
    backend.width = None
    assert CachedEmbedder(backend, tmp_path).width == 32


def test_a_damaged_segment_is_dropped_and_its_texts_embedded_again(tmp_path):
    vectors = CachedEmbedder(Counting(), tmp_path).embed(["a", "b"])
    (segment,) = tmp_path.iterdir()
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    segment.write_bytes(bytes(content))
    again = CachedEmbedder(Counting(), tmp_path)
    assert again.n_unreadable == 1
    assert segments(tmp_path) == []
    np.testing.assert_array_equal(again.embed(["a", "b"]), vectors)


@pytest.mark.parametrize("content", [b"", b"not a segment", b"\xff" * 64])
def test_a_file_that_is_no_segment_is_dropped(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    assert CachedEmbedder(Counting(), tmp_path).n_unreadable == 1


def test_a_failing_backend_leaves_nothing_half_written(tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        CachedEmbedder(Counting(fail_on="b"), tmp_path).embed(["a", "b"])
    assert list(tmp_path.iterdir()) == []


def test_what_was_embedded_before_a_kill_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(VectorStore, "per_segment", 1)
    with pytest.raises(RuntimeError, match="killed"):
        CachedEmbedder(Counting(fail_on="bb"), tmp_path).embed(["bb", "a"])
    backend = Counting()
    CachedEmbedder(backend, tmp_path).embed(["bb", "a"])
    assert backend.asked == ["bb"]


def test_without_a_folder_vectors_are_kept_in_memory():
    backend = Counting()
    cached = CachedEmbedder(backend, None)
    cached.embed(["a"])
    cached.embed(["a"])
    assert backend.asked == ["a"]


def test_no_texts_give_no_rows(tmp_path):
    assert CachedEmbedder(Counting(), tmp_path / "new").embed([]).shape == (0, 32)
