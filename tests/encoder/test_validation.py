import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from encoder_world import data_of, events, impressions, items, prompts_of, purchases, shelf, tiny, untrained
from intentrec.encoder.encoding import Coder
from intentrec.encoder.validation import Validation
from intentrec.progress import SILENT

SHELF = items(a="apple", b="bolt", c="candle", d="drill")
NAMES = "abcd"
PLACES = {"apple": 0, "bolt": 1, "candle": 2, "drill": 3}


class Told:
    """Stands for a model: an item is its axis, a user stands where `likes` of the user's last item says."""

    def __init__(self, vocabulary, likes):
        self.vocabulary, self.likes, self.seen = vocabulary, likes, []

    def encode(self, texts, label):
        out = np.zeros((len(texts), 4), dtype=np.float16)
        for row, tokens in enumerate(texts):
            text = self.vocabulary.read(tokens)
            self.seen.append(text)
            names = [word for word in text.split() if word in PLACES]
            order = names[-1:] if "<|user|>" not in text else self.likes[names[-1]].split()
            for strength, name in zip((4, 3, 2, 1), order, strict=False):
                out[row, PLACES[name]] = strength
        return out


def validation(vocabulary, config, log, passed=None, until=10):
    data = data_of(log, SHELF, config, passed=passed, until=until)
    prompts = prompts_of(data, vocabulary)
    nothing = prompts.attributes(None, data.users.names)
    options = {"seed": 0, "device": "cpu", "dtype": torch.float32, "progress": SILENT}
    return Validation.of(data, prompts, nothing, **options)


@pytest.fixture
def recall(bert, vocabulary, monkeypatch):
    """Recall of what a made-up model says, and what it read."""

    def measured(log, likes, **changes):
        config = tiny(bert, **({"validation_days": 3.0} | changes))
        told = Told(vocabulary, likes)
        monkeypatch.setattr(Coder, "encode", told.encode)
        found = validation(vocabulary, config, log)
        return found.recall(untrained(config).opened), told.seen

    return measured


LIKES = {"apple": "bolt candle", "bolt": "candle drill", "drill": "apple bolt", "candle": "drill"}


def test_recall_is_the_mean_over_users_of_the_share_they_are_given(recall):
    log = events("u a 1", "u b 7", "u c 8", "u d 9", "v b 1", "v c 8", "w d 1", "w c 7")
    assert recall(log, LIKES, recall_at=2)[0] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert recall(log, LIKES, recall_at=1)[0] == pytest.approx((1 / 3 + 1 + 0) / 3)


def test_what_a_user_had_is_left_out_of_the_list_where_repeats_do_not_count(recall):
    log = events("u b 0", "u a 1", "u c 8", "u b 9")
    assert recall(log, LIKES, recall_at=1, repeats=False)[0] == 1.0  # candle; bolt is neither listed nor asked for
    assert recall(log, LIKES, recall_at=1, repeats=True)[0] == 0.5  # bolt of bolt and candle


def test_users_are_read_as_they_were_before_the_window(recall):
    log = events("u a 1", "u c 6.9", "u b 7", "u d 8", "v b 6", "x d 8")
    _, seen = recall(log, LIKES, numbers="raw")
    items_, users = seen[:4], seen[4:]
    assert users == ["[CLS] <|user|> <|history|> <|item|> apple <|item|> candle [SEP]"]
    assert items_[1] == "[CLS] <|item|> <|title|> bolt <|popularity|> 1 <|recent|> 1 [SEP]"
    assert items_[3] == "[CLS] <|item|> <|title|> drill [SEP]"


def test_leave_one_out_asks_for_the_last_event(recall):
    log = events("u a 1", "u b 2", "u c 3", "v d 1")
    found, seen = recall(log, LIKES, validation="last", recall_at=1)
    assert found == 1.0
    assert seen[4:] == ["[CLS] <|user|> <|history|> <|item|> apple <|item|> bolt [SEP]"]


@pytest.mark.parametrize(
    "log",
    [
        ("u a 1", "u b 2"),  # nothing in the window
        ("u a 8", "u b 9"),  # nothing before it
        ("u a 1", "v b 8"),
    ],
)
def test_without_users_who_have_both_there_is_nothing_to_validate(bert, vocabulary, log):
    assert validation(vocabulary, tiny(bert, validation_days=3.0), events(*log)) is None


def test_who_only_repeats_leaves_nothing_to_foresee(bert, vocabulary):
    log = events("u a 1", "u a 8")
    assert validation(vocabulary, tiny(bert, validation_days=3.0, repeats=False), log) is None
    assert validation(vocabulary, tiny(bert, validation_days=3.0, repeats=True), log) is not None


def test_impressions_are_never_targets(bert, vocabulary):
    config = tiny(bert, validation_days=3.0, history="all")
    found = validation(vocabulary, config, events("u a 1", "u b 9"), impressions("u c 8", "v a 1", "v c 8"))
    assert (found.rows.tolist(), found.items.tolist(), found.users.tolist()) == ([0], [1], [0])


@settings(max_examples=30)
@given(
    rows=st.lists(st.tuples(st.sampled_from("uvwx"), st.sampled_from(NAMES), st.integers(0, 9)), max_size=20),
    repeats=st.booleans(),
)
def test_targets_are_what_is_held_out_of_users_with_a_history(bert, vocabulary, rows, repeats):
    log = events(*(" ".join(map(str, row)) for row in rows), "y a 1", "y b 9")
    found = validation(vocabulary, tiny(bert, validation_days=3.0, repeats=repeats), log)
    every = [*rows, ("y", "a", 1), ("y", "b", 9)]
    had = {(user, item) for user, item, when in every if when < 7}
    new = {(user, item) for user, item, when in every if when >= 7 and user in {name for name, _ in had}}
    names = found.data.users.names
    asked = {(names[found.users[row]], NAMES[item]) for row, item in zip(found.rows, found.items, strict=True)}
    assert asked == (new if repeats else new - had)


def test_a_sample_of_users_is_drawn_by_the_seed(bert, vocabulary):
    data = data_of(purchases(), shelf(), tiny(bert, validation_days=5.0, validation_users=7), until=28)
    prompts = prompts_of(data, vocabulary)
    nothing = prompts.attributes(None, data.users.names)
    options = {"device": "cpu", "dtype": torch.float32, "progress": SILENT}
    one, same, other = (Validation.of(data, prompts, nothing, seed=seed, **options).users for seed in (0, 0, 1))
    assert len(one) == len(set(one.tolist())) == 7
    assert one.tolist() == same.tolist() != other.tolist()


@pytest.mark.parametrize("training", [True, False])
def test_validating_leaves_the_model_in_its_mode(bert, vocabulary, training):
    config = tiny(bert, validation_days=3.0)
    opened = untrained(config).opened
    opened.backbone.train(training)
    assert 0 <= validation(vocabulary, config, events("u a 1", "u b 9")).recall(opened) <= 1
    assert opened.backbone.training is training


def test_half_the_vector_is_validated_where_half_is_served(bert, vocabulary, monkeypatch):
    log = events("u a 1", "u b 9")
    config = tiny(bert, validation_days=3.0, recall_at=1, widths=(1.0, 0.5), served_width=0.5)
    rows = {"item": [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 9, 0], [0, 1, 0, 0]], "user": [[1, 0, 9, 0]]}
    given_rows = iter((rows["item"], rows["user"]))
    monkeypatch.setattr(Coder, "encode", lambda *_: np.array(next(given_rows), dtype=np.float16))
    assert validation(vocabulary, config, log).recall(untrained(config).opened) == 1.0
