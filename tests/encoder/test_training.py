from contextlib import nullcontext

import numpy as np
import pytest
import torch

from encoder_world import (
    DAYS,
    N_ITEMS,
    THEMES,
    data_of,
    day,
    events,
    foreseen,
    impressions,
    items,
    purchases,
    shelf,
    tiny,
    trained,
    untrained,
)
from intentrec.encoder.backbone import open_backbone
from intentrec.encoder.batches import padded
from intentrec.encoder.step import Stepper
from intentrec.encoder.validation import Validation
from intentrec.errors import ConfigError, DataError

HELD = {"validation_days": 5.0}
WAYS = [
    {},
    {"loss": "bce", "hard_negatives": 4},
    {"cached": True, "micro_batch": 5},
    {"lora_rank": 4, "rate": 2e-2, "epochs": 6},
    {"hard_negatives": 0, "logq": True},
    {"numbers": "percentile", "moments": 3, "within_moment": True},
    {"widths": (1.0,), "gradient_checkpointing": True},
    {"precision": "bfloat16"},
]


def vectors(opened):
    texts = [np.array([2, 6, 14, 3]), np.array([2, 9, 3])]
    training = opened.backbone.training
    opened.backbone.eval()
    with torch.no_grad():
        found = opened.backbone(*padded(texts, 0, "cpu"))
    opened.backbone.train(training)
    return found


@pytest.mark.parametrize("changes", WAYS)
def test_themes_are_learned_from_who_took_what(bert, changes):
    config = tiny(bert, **(HELD | changes))
    assert foreseen(untrained(config)) < 0.5  # 0.3 by chance
    made = trained(config)
    assert made.history[-1].recall > 0.9
    assert made.history[-1].loss < made.history[0].loss


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_a_causal_model_learns_them_too(llama, pooling):
    made = trained(tiny(llama, pooling=pooling, epochs=5, **HELD))
    assert made.history[-1].recall > 0.8


def test_prefixes_of_vectors_were_taught_to_stand_alone(bert):
    config = tiny(bert, widths=(1.0, 0.25), **HELD)
    made = trained(config)
    assert foreseen(untrained(config).at_width(0.25)) < 0.5
    assert foreseen(made.at_width(0.25)) > 0.8


def test_what_was_passed_over_is_pushed_away(bert):
    decoys = [f"u{user:02} i{user % 2:02} {when}" for user in range(24) for when in (3, 9, 15)]
    log = purchases().filter(~purchases()["item_id"].is_in(["i00", "i01"]))
    scores = []
    for given in (None, impressions(*decoys)):
        made = trained(tiny(bert), log, impressions=given)
        reading, coder = made.reading(log, shelf(), day(DAYS)), made.coder()
        users = reading.user_vectors(reading.data.users.names, coder).astype(np.float32)
        scores.append(float((users[::2] @ reading.item_vectors(coder)[1][0].astype(np.float32)).mean()))
    assert made.history[0].from_impressions > 0.3
    assert scores[1] < scores[0] - 0.1


def test_the_same_seed_gives_the_same_model_and_leaves_torch_as_it_was(bert):
    for lora_rank in (0, 2):
        config = tiny(bert, epochs=1, lora_rank=lora_rank)
        torch.manual_seed(4)
        one = trained(config)
        torch.manual_seed(5)
        state = torch.get_rng_state()
        same, other = (trained(config, seed=seed) for seed in (0, 1))
        assert torch.equal(torch.get_rng_state(), state)
        assert one.version == same.version != other.version
        assert one.history[0].loss == same.history[0].loss


@pytest.mark.parametrize(("recalls", "best"), [([0.9, 0.1, 0.2], 0), ([0.1, 0.9, 0.9], 1), ([0.1, 0.2, 0.3], 2)])
def test_the_model_of_the_best_epoch_is_kept(bert, monkeypatch, recalls, best):
    seen = []

    def recall(self, opened):
        seen.append(vectors(opened))
        return recalls[len(seen) - 1]

    monkeypatch.setattr(Validation, "recall", recall)
    made = trained(tiny(bert, **HELD))
    assert [epoch.recall for epoch in made.history] == recalls
    torch.testing.assert_close(vectors(made.opened), seen[best])
    assert not torch.allclose(seen[0], seen[1], atol=1e-3)


def test_without_validation_the_last_model_is_kept(bert):
    made = trained(tiny(bert, epochs=2))
    assert [epoch.recall for epoch in made.history] == [None, None]


@pytest.mark.parametrize(("warmup", "rising"), [(0.0, 1), (0.25, 6), (1.0, 24)])
def test_the_rate_rises_and_falls_to_zero(bert, monkeypatch, warmup, rising):
    rates, step = [], torch.optim.AdamW.step

    def noted(self, *args):
        rates.append([group["lr"] for group in self.param_groups])
        return step(self, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    trained(tiny(bert, rate=4e-3, token_rate=8e-3, warmup=warmup, epochs=2))
    words, fields = np.array(rates).T
    assert len(words) == 24
    np.testing.assert_allclose(fields, 2 * words)
    assert words.max() == pytest.approx(4e-3)
    assert (np.diff(words[:rising]) > 0).all()
    assert (np.diff(words[rising:]) < 0).all()
    np.testing.assert_allclose(words[: rising - 1], 4e-3 * np.arange(1, rising) / rising)
    assert words[-1] <= 4e-3 if warmup == 1 else words[-1] < 4e-3 / 15


def test_a_loss_that_is_no_number_is_said_plainly(bert, tmp_path):
    opened = open_backbone(tiny(bert))
    with torch.no_grad():
        opened.backbone.model.get_input_embeddings().weight[:] = float("nan")
    opened.backbone.model.save_pretrained(tmp_path)
    opened.vocabulary.tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"The encoder's loss is nan; lower encoder.rate or raise"):
        trained(tiny(tmp_path))


def test_nothing_to_learn_from_is_an_error(bert):
    with pytest.raises(DataError, match="there is no pair to learn from"):
        trained(tiny(bert), events("u i00 1", "v i01 2"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"batch": 12}, 144), ({"batch": 100}, 100), ({"batch": 1000}, 144), ({"batch": 12, "max_pairs": 30}, 24)],
)
def test_an_epoch_is_as_many_full_steps_as_there_are_pairs(bert, changes, expected):
    class Count:
        done = 0

        def track(self, label, total=None):
            if label != "encoder, epoch 1 of 1: pairs":
                return nullcontext(lambda _: None)
            assert total == expected
            return nullcontext(lambda n: setattr(self, "done", self.done + n))

    count = Count()
    made = trained(tiny(bert, epochs=1, **changes), progress=count)
    assert count.done == expected  # 24 users with six pairs each
    (epoch,) = made.history
    assert min(epoch.pairs_per_second, epoch.tokens_per_second) > 0


class Steps:
    """What the steps of a training are given; no step is made."""

    def __init__(self, monkeypatch):
        self.taken = []
        monkeypatch.setattr(Stepper, "run", lambda _, *given: self.taken.append(given) or 0.0)


def read(vocabulary, tokens):
    return vocabulary.read(tokens).removeprefix("[CLS] ").removesuffix(" [SEP]")


@pytest.mark.parametrize("validation", ["window", "last"])
def test_a_step_asks_each_user_for_its_own_item_and_never_pushes_away_what_the_user_took(bert, monkeypatch, validation):
    steps = Steps(monkeypatch)
    config = tiny(bert, numbers="percentile", moments=4, validation=validation, validation_users=0, **HELD)
    shop = shelf().with_columns(title=shelf()["item_id"])
    log = purchases()
    made = trained(config, log, items=shop)
    held = data_of(log, shop, config, until=DAYS).held_out()
    line = data_of(log, shop, config, until=DAYS).histories
    taken = [set(line.item[(line.user == user) & ~held].tolist()) for user in range(24)]
    for users, candidates, against in steps.taken:
        names = [read(made.opened.vocabulary, tokens) for tokens in candidates]
        codes = [int(name.removeprefix("<|item|> <|title|> i")[:2]) for name in names]
        for row, user in enumerate(users):
            before = {int(part[1:3]) for part in read(made.opened.vocabulary, user).split("<|item|> ")[1:]}
            own = codes[against.positive[row]]
            assert own not in before  # nothing is taken twice in this shop
            assert any({*before, own} <= items for items in taken)
            negatives = {code for code, is_open in zip(codes, against.open[row], strict=True) if is_open}
            assert not ({*before, own} & negatives)
            assert any({*before, own} <= items and not negatives & items for items in taken)


def test_numbers_of_a_candidate_are_of_the_moment_of_its_pair(bert, monkeypatch):
    steps = Steps(monkeypatch)
    log = events("u a 0", "u b 1", "v c 2", "v a 3", "u c 4", "w b 5", "w c 6")
    shop = items(a="apple", b="bolt", c="candle")
    config = tiny(bert, numbers="raw", moments=4, batch=4, hard_negatives=0, epochs=1)
    made = trained(config, log, items=shop, as_of=day(7))
    ((users, candidates, against),) = steps.taken
    told = {
        read(made.opened.vocabulary, user).split("<|history|> ")[1]: read(made.opened.vocabulary, candidates[place])
        for user, place in zip(users, against.positive, strict=True)
    }
    frame = "<|item|> <|title|> {} <|popularity|> {} <|recent|> {}"
    assert told == {
        "<|item|> apple": "<|item|> <|title|> bolt",
        "<|item|> candle": frame.format("apple", 1, 1),
        "<|item|> apple <|item|> bolt": frame.format("candle", 1, 1),
        "<|item|> bolt": frame.format("candle", 1, 1),  # of day 4: the moment before day 6
    }


def test_hard_negatives_stand_among_the_candidates(bert, monkeypatch):
    steps = Steps(monkeypatch)
    log = events("u i00 1", "u i02 2", "v i01 1", "v i03 2")
    shown = impressions("u i05 2", "v i07 2")
    made = trained(tiny(bert, epochs=1, hard_negatives=1), log, impressions=shown)
    ((_, candidates, against),) = steps.taken
    titles = {title: code for code, title in enumerate(shelf()["title"].to_list()[:8])}
    names = [read(made.opened.vocabulary, tokens).removeprefix("<|item|> <|title|> ") for tokens in candidates]
    assert sorted(titles[name] for name in names) == [2, 3, 5, 7]
    assert against.open.sum(dim=1).tolist() == [3, 3]
    assert made.history[0].from_impressions == 1.0
    assert against.n_pairs == 2


def test_logq_is_the_share_of_each_item_among_the_pairs(bert, monkeypatch):
    steps = Steps(monkeypatch)
    log = events("u i00 1", "u i02 2", "v i00 1", "v i02 2", "w i01 1", "w i03 2")
    trained(tiny(bert, epochs=1, hard_negatives=0, logq=True), log)
    ((_, _, against),) = steps.taken
    expected = np.log(np.array([3, 2]) / (N_ITEMS + 3))  # one added to each of the items
    np.testing.assert_allclose(against.log_q.sort(descending=True).values, expected, rtol=1e-6)


def test_the_words_of_a_theme_come_together(bert):
    made = trained(tiny(bert))
    coder = made.coder()
    found = made.text_vectors([word for theme in THEMES for word in theme], coder)
    scores = found @ found.T
    assert scores[:4, :4].mean() > scores[:4, 4:].mean() + 0.2
