import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from intentrec.encoder.batches import by_length, by_tokens, padded

LENGTHS = st.lists(st.integers(1, 40), max_size=30)


def texts(lengths):
    return [np.arange(length, dtype=np.int64) + 1 for length in lengths]


def check(parts, lengths):
    """Each text once, the longest first."""
    places = [place for part in parts for place in part.tolist()]
    assert sorted(places) == list(range(len(lengths)))
    assert [lengths[place] for place in places] == sorted(lengths, reverse=True)


@given(LENGTHS, st.integers(1, 9))
def test_every_text_runs_once_and_no_more_than_so_many_together(lengths, most):
    parts = list(by_length(texts(lengths), most))
    check(parts, lengths)
    assert all(len(part) == most for part in parts[:-1])


@given(LENGTHS, st.integers(1, 100))
def test_padding_counts_as_tokens_and_one_text_always_runs(lengths, most):
    given_texts = texts(lengths)
    parts = list(by_tokens(given_texts, most))
    check(parts, lengths)
    for part in parts:
        ids, _ = padded([given_texts[place] for place in part], 0, "cpu")
        assert len(part) == 1 or ids.numel() <= most


@given(LENGTHS.filter(bool))
def test_texts_stand_at_the_left_and_padding_fills_to_a_multiple_of_eight(lengths):
    ids, own = padded(texts(lengths), 99, "cpu")
    assert own.tolist() == lengths
    assert ids.shape == (len(lengths), -(-max(lengths) // 8) * 8)
    for row, length in zip(ids.tolist(), lengths, strict=True):
        assert row == [*range(1, length + 1), *[99] * (len(row) - length)]
