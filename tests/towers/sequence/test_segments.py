import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_world import log_of

from intentrec.towers.sequence import SequenceConfig
from intentrec.towers.sequence.queries import queries
from intentrec.towers.sequence.segments import n_steps, segments, steps
from intentrec.towers.sequence.sequences import Sequences


def parts_of(sizes, length):
    rows = [(user, 0, day) for user, size in enumerate(sizes) for day in range(size)]
    sequences = Sequences.of(log_of(rows, n_users=len(sizes)))
    asked = queries(sequences, SequenceConfig())
    return segments(sequences, asked, length), asked, sequences


def test_long_histories_overlap_by_half_and_end_with_their_last_question():
    parts, _, _ = parts_of([3, 0, 1, 11], 4)
    assert parts.start.tolist() == [0, 4, 6, 8, 10]
    assert parts.end.tolist() == [2, 8, 10, 12, 14]
    assert parts.first.tolist() == [0, 4, 8, 10, 12]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(lambda sizes: max(sizes) > 1), st.integers(2, 9))
def test_each_question_is_in_one_segment_with_enough_before_it(sizes, length):
    parts, asked, sequences = parts_of(sizes, length)
    counts = np.zeros(len(sequences), dtype=int)
    for start, end, first in zip(parts.start, parts.end, parts.first, strict=True):
        assert 0 < end - start <= length
        assert sequences.user[start] == sequences.user[end - 1]
        counts[first:end] += 1
        assert first == start or first - start >= length // 2
    assert counts[asked.event].tolist() == [1] * len(asked)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30).filter(lambda sizes: max(sizes) > 1), st.integers(1, 60))
def test_steps_hold_each_segment_once_and_keep_to_their_budget(sizes, tokens):
    parts, _, _ = parts_of(sizes, 8)
    found = list(steps(parts, tokens, np.random.default_rng(0)))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(parts)))
    assert n_steps(parts, tokens) == len(found)
    for step in found:
        assert len(step) == 1 or len(step) * parts.lengths[step].max() <= tokens


def test_steps_waste_little_on_padding():
    rng = np.random.default_rng(0)
    parts, _, _ = parts_of(rng.integers(2, 50, 400).tolist(), 50)
    padded = sum(len(step) * parts.lengths[step].max() for step in steps(parts, 500, rng))
    assert padded < 1.15 * parts.lengths.sum()
