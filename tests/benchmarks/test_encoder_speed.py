from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks import encoder_speed
from benchmarks.encoder_freshness import first_part
from benchmarks.encoder_speed import (
    Cost,
    OurLoop,
    Round,
    alike,
    bare_vectors,
    clock_of,
    compared,
    distinct,
    interleaved,
    ready_batches,
    speed_ratio,
    table,
)
from benchmarks.plain_encoder_loop import PlainLoop, rendered
from encoder_world import DAYS, THEMES, day, purchases, save_bert, save_llama, shelf, tiny, untrained
from intentrec.encoder.backbone import open_backbone
from intentrec.encoder.batches import by_tokens
from intentrec.encoder.losses import Against

ROUNDS = [
    Round(Cost(1.0, 2.0), Cost(2.0, 2.0)),
    Round(Cost(2.0, 2.0), Cost(1.0, 1.0)),
    Round(Cost(4.0, 1.0), Cost(3.0, 3.0)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calm")
    save_bert(folder, dropout=0.0)
    return folder


@pytest.fixture(scope="module")
def task():
    return SimpleNamespace(split=SimpleNamespace(train=purchases()), items=shelf(), as_of=day(DAYS))


@pytest.fixture
def ours(folder, task):
    return OurLoop(task, alike(tiny(folder, repeats=True), 3), "cpu")


def prompts(encoder):
    return encoder.reading(purchases(), shelf(), day(DAYS)).item_prompts()


def test_rivals_take_turns_and_who_begins_changes(monkeypatch):
    monkeypatch.setattr(encoder_speed, "measured", lambda work: work())
    calls = []

    def rival(name):
        return lambda number: calls.append((name, number)) or name

    found = interleaved(rival("ours"), rival("other"), 3)
    assert calls == [("ours", 1), ("other", 1), ("other", 2), ("ours", 2), ("ours", 3), ("other", 3)]
    assert found == [Round("ours", "other")] * 3


def test_the_ratio_is_the_median_of_the_rounds_and_is_held_against_the_claim():
    assert speed_ratio(ROUNDS, "wall") == 0.75
    assert speed_ratio(ROUNDS, "cpu") == 1.0
    row = compared("x", "texts", ROUNDS, 10, 0.9)
    assert row[1:] == (
        "5.0 texts/s", "5.0 texts/s", "1.00 by CPU seconds, 0.75 by the clock (0.50 to 2.00 in 3 turns)",
        "at least 0.90: holds",
    )  # fmt: skip
    assert compared("x", "texts", ROUNDS, 10, 1.1)[-1].endswith("fails")
    assert compared("x", "texts", ROUNDS, 10, 0.9, clock_of("cuda:0"))[-1].endswith("fails")
    lines = table([row]).splitlines()
    assert len(lines) == 3
    assert {line.count("|") for line in lines} == {6}


def test_texts_are_different_and_drawn_once():
    texts = [np.array([n % 7, 1]) for n in range(30)]
    some, again, all_ = distinct(texts, 5), distinct(texts, 5), distinct(texts, 50)
    assert [text[0] for text in some] == [text[0] for text in again]
    assert (len(some), sorted(text[0] for text in all_)) == (5, list(range(7)))


@pytest.mark.parametrize("save", [save_bert, save_llama])
def test_what_is_rendered_reads_as_the_same_tokens(save, tmp_path):
    save(tmp_path)
    encoder = untrained(tiny(tmp_path, numbers="percentile"))
    texts = prompts(encoder)
    read = encoder.opened.vocabulary.tokenizer(rendered(texts, encoder.opened.vocabulary))["input_ids"]
    assert read == [tokens.tolist() for tokens in texts]


def test_the_bare_model_says_what_the_encoder_says(folder):
    encoder = untrained(tiny(folder))
    texts = prompts(encoder)
    bare = bare_vectors(encoder, ready_batches(texts, encoder, 64))
    order = np.concatenate(list(by_tokens(texts, 64)))
    np.testing.assert_allclose(bare.numpy(), encoder.coder().encode(texts)[order], atol=1e-3)


def test_both_loops_are_given_the_same_pairs(ours):
    assert ours.training.steps_per_epoch == 1
    ours.prepare()
    read = []
    ours.stepper = SimpleNamespace(run=lambda users, items, against: read.append((users, items, against)) or 0.0)
    told = [ours.texts(number) for number in range(3)]
    for number in range(3):
        ours.train(number)
    assert len(read) == 3
    for [(users, items)], (our_users, our_items, against) in zip(told, read, strict=True):
        assert users == rendered(our_users, ours.opened.vocabulary)
        assert items == [rendered(our_items, ours.opened.vocabulary)[place] for place in against.positive.tolist()]
        assert len(users) == len(items) == 12
        themes = [[set(text.split()) & set(theme) for theme in THEMES] for text in users]
        assert all(bool(one) != bool(other) for one, other in themes)
    assert told[0] != told[1]


def test_both_loops_have_the_same_loss_where_nothing_is_masked(ours):
    config = ours.training.config
    plain = PlainLoop(open_backbone(config), config, 3, "cpu")
    chosen = ours.training.examples.rows(np.arange(config.batch))
    batch = ours.training._batch(chosen, np.random.default_rng(0))
    places = batch.against.positive.tolist()
    items = [batch.items[place] for place in places]
    (loss,) = plain.train([(rendered(batch.users, ours.opened.vocabulary), rendered(items, ours.opened.vocabulary))])
    ours.prepare()
    n = config.batch
    against = Against(~torch.eye(n, dtype=torch.bool), torch.arange(n), torch.zeros(n), n)
    assert ours.stepper.run(batch.users, items, against) == pytest.approx(loss, rel=1e-4)
    assert plain.n_tokens == sum(map(len, [*batch.users, *items]))


def test_the_small_shop_is_the_first_part_of_the_log(task):
    items, events = first_part(task, 6, 3)
    assert items["item_id"].to_list() == [f"i{n:02}" for n in range(6)]
    assert (items["price"] > 0).all()
    assert set(events["item_id"]) <= set(items["item_id"])
    assert events["user_id"].unique().sort().to_list() == ["u00", "u01", "u02"]
    assert "row" not in events.columns
