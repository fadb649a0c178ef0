from contextlib import nullcontext

import polars as pl
import pytest
import torch

from encoder_world import DAYS, day, events, impressions, purchases, shelf, tiny, trained
from intentrec.errors import ConfigError, DataError
from intentrec.progress import SILENT


class Interrupted(Exception):
    pass


class Fuse:
    """A progress bar that breaks off the training at its n-th advance, and nothing else."""

    def __init__(self, steps):
        self.left = steps

    def track(self, label, total=None):
        return nullcontext(self.advance if label.startswith("encoder, epoch") else lambda _: None)

    def advance(self, done):
        self.left -= 1
        if not self.left:
            raise Interrupted


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr("intentrec.encoder.training._SAVE_EVERY", 3)


def run(config, file=None, progress=SILENT, log=None, **options):
    return trained(config, log, checkpoint=file, progress=progress, **options)


def figures(encoder):
    """What does not depend on the clock."""
    return [(epoch.epoch, epoch.loss, epoch.recall, epoch.from_impressions) for epoch in encoder.history]


def assert_same(one, other):
    assert figures(one) == figures(other)
    tensors = other.opened.backbone.state_dict()
    for name, tensor in one.opened.backbone.state_dict().items():
        assert torch.equal(tensor, tensors[name]), name
    assert one.version == other.version


@pytest.mark.parametrize(
    "changes",
    [{"validation_days": 5.0}, {"lora_rank": 2, "epochs": 2}, {"cached": True, "batch": 24, "epochs": 2}],
)
@pytest.mark.parametrize("steps", [5, 11])
def test_a_resumed_training_gives_bit_for_bit_what_it_would_have_given(bert, tmp_path, changes, steps):
    config = tiny(bert, **changes)
    whole, file, interruptions, made = run(config), tmp_path / "deep" / "encoder.checkpoint", 0, None
    while made is None and interruptions < 30:
        try:
            made = run(config, file, Fuse(steps))
        except Interrupted:
            interruptions += 1
    assert interruptions > 0
    assert_same(made, whole)
    assert [path.name for path in file.parent.iterdir()] == ["encoder.checkpoint"]


@pytest.mark.parametrize("steps", [15, 30])
def test_the_best_epoch_is_remembered_over_an_interruption(bert, tmp_path, monkeypatch, steps):
    recalls = iter([0.9, 0.2, 0.1] * 2)
    monkeypatch.setattr("intentrec.encoder.validation.Validation.recall", lambda *_: next(recalls))
    config = tiny(bert, validation_days=5.0)
    whole, file = run(config), tmp_path / "encoder.checkpoint"
    with pytest.raises(Interrupted):
        run(config, file, Fuse(steps))
    assert_same(run(config, file), whole)


def test_a_finished_training_is_not_done_again(bert, tmp_path):
    config, file = tiny(bert, validation_days=5.0), tmp_path / "encoder.checkpoint"
    whole = run(config, file)
    assert_same(run(config, file, Fuse(1)), whole)


@pytest.fixture(scope="module")
def stored(bert, tmp_path_factory):
    file = tmp_path_factory.mktemp("stored") / "encoder.checkpoint"
    run(tiny(bert, epochs=1), file)
    return file


OTHERS = {
    "settings": {"config": {"temperature": 0.1}},
    "seed": {"seed": 1},
    "moment": {"as_of": day(DAYS + 1)},
    "events": {"log": purchases().head(100)},
    "order of events": {"log": purchases().with_columns(pl.col("timestamp").reverse())},
    "titles": {"items": shelf().with_columns(title=pl.lit("red lamp"))},
    "categories": {"items": shelf().with_columns(category=pl.col("title"))},
    "prices": {"items": shelf().with_columns(price=pl.lit(1.0))},
    "impressions": {"impressions": impressions("u00 i01 3")},
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_checkpoint_of_another_training_is_refused(bert, stored, other):
    options = dict(OTHERS[other])
    config = tiny(bert, epochs=1, **options.pop("config", {}))
    with pytest.raises(ConfigError, match="other data, settings or seed"):
        run(config, stored, **options)


def test_attributes_of_users_are_part_of_the_training(bert, tmp_path):
    config = tiny(bert, epochs=1, user_attributes=("city",))
    for city, problem in (("rome", None), ("oslo", ConfigError)):
        users = pl.DataFrame({"user_id": ["u00"], "city": [city]})
        with pytest.raises(problem, match="other data") if problem else nullcontext():
            run(config, tmp_path / "checkpoint", users=users)


def test_a_damaged_checkpoint_is_refused(bert, tmp_path):
    file = tmp_path / "encoder.checkpoint"
    file.write_bytes(b"short")
    with pytest.raises(DataError, match="is damaged"):
        run(tiny(bert, epochs=1), file)


def test_what_comes_after_the_moment_is_no_other_training(bert, stored):
    later = pl.concat([purchases(), events(f"u00 i01 {DAYS}")])
    assert len(run(tiny(bert, epochs=1), stored, Fuse(1), log=later).history) == 1
