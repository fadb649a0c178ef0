import pytest
from hypothesis import given
from hypothesis import strategies as st

from intentrec.alignment.recipes.batches import Plan, Sizes, collated, sizes
from intentrec.alignment.recipes.tokens import Row


@given(st.lists(st.integers(1, 50), min_size=1, max_size=80), st.integers(1, 3), st.integers(1, 4), st.integers(0, 9))
def test_every_pass_holds_every_sample_and_no_batch_is_too_large(lengths, epochs, together, seed):
    plan = Plan.of(lengths, 60, epochs=epochs, together=together, seed=seed)
    assert len(plan) % (together * epochs) == 0
    per_epoch = len(plan) // epochs
    for epoch in range(epochs):
        own = list(plan)[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert {place for batch in own for place in batch} == set(range(len(lengths)))
        assert all(len(batch) * max(lengths[place] for place in batch) <= 60 for batch in own)
        distinct = {tuple(batch) for batch in own}
        assert sum(map(len, distinct)) == len(lengths)


def test_samples_of_like_length_go_together_and_passes_differ():
    lengths = [10, 50] * 40
    plan = Plan.of(lengths, 100, epochs=2, together=1, seed=0)
    assert sum(len({lengths[place] for place in batch}) > 1 for batch in plan) <= 2 * 2
    half = len(plan) // 2
    assert list(plan)[:half] != list(plan)[half:]
    assert list(plan) == list(Plan.of(lengths, 100, epochs=2, together=1, seed=0))


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ((2048, 2048, 130, 1), Sizes(2048, 1)),
        ((2048, 1024, 130, 1), Sizes(1024, 2)),
        ((2048, 2048, 130, 4), Sizes(512, 1)),
        ((64, 512, 130, 1), Sizes(130, 1)),
    ],
)
def test_a_step_is_shared_out(asked, made):
    assert sizes(*asked) == made


def test_answers_end_together_and_alone_have_labels():
    batch = collated([Row([5, 6], [7], []), Row([5], [8, 9], []), Row([3], [4], [])], padding=0)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [5, 8, 9], [0, 3, 4]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 1], [0, 1, 1]]
    assert batch["labels"].tolist() == [[-100, -100, 7], [-100, 8, 9], [-100, -100, 4]]
