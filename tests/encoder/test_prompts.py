import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoder_world import data_of, events, impressions, items, prompts_of
from intentrec.encoder.config import EncoderConfig
from intentrec.errors import ConfigError

NOTHING = np.empty(0, dtype=np.int64)
SHELF = items(
    {"item_id": "a", "title": "Red Lamp", "category": "lamps", "brand": "acme", "price": 1250.0},
    {"item_id": "b", "title": "blue  candle", "category": "candles", "price": 9.99},
    {"item_id": "c", "title": "", "price": 123_456.0},
    {"item_id": "d", "title": "very red fig", "description": "a city lamp"},
)
LOG = events("u a 1", "v a 2", "w b 8.5", "u c 9", "u a 9.5")
GOLDEN = {
    "percentile": [
        "<|item|> <|title|> red lamp <|category|> lamps <|brand|> acme "
        "<|popularity|> <|p75|> <|recent|> <|p50|> <|price|> <|p50|>",
        "<|item|> <|title|> blue candle <|category|> candles <|popularity|> <|p38|> <|recent|> <|p50|> "
        "<|price|> <|p25|>",
        "<|item|> <|popularity|> <|p38|> <|recent|> <|p50|> <|price|> <|p75|>",
        "<|item|> <|title|> very red fig",
    ],
    "raw": [
        "<|item|> <|title|> red lamp <|category|> lamps <|brand|> acme <|popularity|> 2 <|recent|> 1 <|price|> 1250",
        "<|item|> <|title|> blue candle <|category|> candles <|popularity|> 1 <|recent|> 1 <|price|> 9 . 99",
        "<|item|> <|popularity|> 1 <|recent|> 1 <|price|> 123k",
        "<|item|> <|title|> very red fig",
    ],
    "words": [
        "<|item|> <|title|> red lamp <|category|> lamps <|brand|> acme "
        "<|popularity|> high <|recent|> medium <|price|> medium",
        "<|item|> <|title|> blue candle <|category|> candles <|popularity|> low <|recent|> medium <|price|> low",
        "<|item|> <|popularity|> low <|recent|> medium <|price|> high",
        "<|item|> <|title|> very red fig",
    ],
    "none": [
        "<|item|> <|title|> red lamp <|category|> lamps <|brand|> acme",
        "<|item|> <|title|> blue candle <|category|> candles",
        "<|item|>",
        "<|item|> <|title|> very red fig",
    ],
}


def made(vocabulary, log=LOG, shelf=SHELF, passed=None, **changes):
    data = data_of(log, shelf, EncoderConfig(**({"recent_days": 2.0} | changes)), passed=passed)
    return data, prompts_of(data, vocabulary)


def read(vocabulary, tokens):
    text = vocabulary.read(tokens)
    assert text.startswith("[CLS] ")
    assert text.endswith(" [SEP]")
    return text.removeprefix("[CLS] ").removesuffix(" [SEP]")


def item_texts(vocabulary, **options):
    data, prompts = made(vocabulary, **options)
    return [read(vocabulary, each) for each in prompts.items(range(len(data.items)), data.numbers.at(data.end))]


def user_tokens(data, prompts, user=0, attributes=NOTHING):
    return prompts.user(data.histories, user, int(data.histories.starts[user + 1]), attributes)


def user_text(vocabulary, user=0, **options):
    return read(vocabulary, user_tokens(*made(vocabulary, **options), user))


@pytest.mark.parametrize("numbers", GOLDEN)
def test_items_are_written_as_their_fields_and_numbers(vocabulary, numbers):
    assert item_texts(vocabulary, numbers=numbers) == GOLDEN[numbers]


def test_fields_come_in_the_order_of_the_settings(vocabulary):
    texts = item_texts(vocabulary, item_fields=("description", "brand", "title"), numbers="none")
    assert texts[0] == "<|item|> <|brand|> acme <|title|> red lamp"
    assert texts[3] == "<|item|> <|description|> a city lamp <|title|> very red fig"


def test_a_column_that_the_items_lack_is_left_out(vocabulary):
    assert item_texts(vocabulary, shelf=SHELF.drop("brand", "category"), numbers="none")[0] == (
        "<|item|> <|title|> red lamp"
    )


@pytest.mark.parametrize(
    ("price", "written"),
    [
        (0.012345, "0 . 01"), (9.999, "9 . 99"), (42.0, "42"), (9999.4, "9999"), (9999.6, "10k"), (12_345.0, "12k"),
        (999_400.0, "999k"), (999_600.0, "1m"), (3.4e7, "34m"), (2.5e9, "2g"),
    ],
)  # fmt: skip
def test_a_cut_number_keeps_its_magnitude(vocabulary, price, written):
    shelf = items({"item_id": "a", "title": "lamp", "price": price})
    (text,) = item_texts(vocabulary, log=events(), shelf=shelf, numbers="raw")
    assert text == f"<|item|> <|title|> lamp <|price|> {written}"


def test_an_item_without_text_is_counted_and_read_by_its_numbers(vocabulary):
    _, prompts = made(vocabulary)
    assert (prompts.texts.n_empty, prompts.texts.n_cut) == (1, 0)


def test_long_texts_are_cut_and_counted(vocabulary):
    shelf = items(a="red " * 40, b="red " * 16, c="red " * 17, d="lamp")
    _, prompts = made(vocabulary, log=events(), shelf=shelf, item_tokens=24)
    assert prompts.texts.n_cut == 2
    assert [len(tokens) for tokens in prompts.texts.whole] == [17, 17, 17, 2]  # 24 - 1 - 2 * 3, the field's mark in it


@given(
    title=st.text(max_size=80), brand=st.text(max_size=80), room=st.integers(0, 30),
    numbers=st.sampled_from(["percentile", "raw", "words", "none"]),
)  # fmt: skip
def test_no_item_is_longer_than_its_budget(vocabulary, title, brand, room, numbers):
    least = 5 + EncoderConfig(numbers=numbers).number_tokens
    shelf = items({"item_id": "a", "title": title, "brand": brand, "price": 3141.59})
    data, prompts = made(
        vocabulary, log=events("u a 9", "v a 9"), shelf=shelf, numbers=numbers, item_tokens=least + room
    )
    (tokens,) = prompts.items([0], data.numbers.at(data.end))
    assert len(tokens) <= least + room + 2


def test_a_user_is_the_latest_items_with_the_newest_last(vocabulary):
    log = events("u b 1", "u a 2", "u d 3", "u a 4", "v c 2")
    assert user_text(vocabulary, log=log) == (
        "<|user|> <|history|> <|item|> blue candle <|category|> candles <|item|> very red fig "
        "<|item|> red lamp <|category|> lamps <|brand|> acme"
    )
    assert user_text(vocabulary, log=log, user=1) == "<|user|> <|history|> <|item|>"


def test_what_was_passed_over_is_marked(vocabulary):
    options = {"log": events("u b 1"), "passed": impressions("u d 2"), "item_fields": ("title",)}
    assert user_text(vocabulary, history="all", **options) == (
        "<|user|> <|history|> <|item|> blue candle <|shown|> very red fig"
    )
    assert user_text(vocabulary, **options) == "<|user|> <|history|> <|item|> blue candle"


def test_items_of_a_history_have_a_budget_of_their_own(vocabulary):
    assert user_text(vocabulary, log=events("u a 1"), history_tokens=3) == "<|user|> <|history|> <|item|> red lamp"
    assert user_text(vocabulary, log=events("u a 1"), history_tokens=2) == "<|user|> <|history|> <|item|> red"


ITEM_IDS = "efghijkl"
LONG = items(*({"item_id": name, "title": " ".join(["red", *["lamp"] * place])} for place, name in enumerate(ITEM_IDS)))


@given(
    taken=st.lists(st.sampled_from(ITEM_IDS), min_size=1, max_size=25), budget=st.integers(8, 60),
    own=st.integers(2, 12),
)  # fmt: skip
def test_a_user_keeps_the_latest_items_that_fit(vocabulary, taken, budget, own):
    log = events(*(f"u {name} {place / 10}" for place, name in enumerate(taken)))
    data, prompts = made(vocabulary, log=log, shelf=LONG, user_tokens=budget, history_tokens=own)
    tokens = user_tokens(data, prompts)
    assert len(tokens) <= budget
    room, kept = budget - 4, []  # [CLS], user, history, [SEP]
    for name in dict.fromkeys(reversed(taken)):
        length = min(own, 2 + ITEM_IDS.index(name))  # the mark, "red", and as many lamps as its place
        if length > room:
            break
        room -= length
        kept.append(" ".join(["<|item|> red", *["lamp"] * (length - 2)]))
    assert read(vocabulary, tokens) == " ".join(["<|user|> <|history|>", *reversed(kept)])
    n_items = len(set(taken))
    assert prompts.overflows(data.histories, 0, len(taken), NOTHING) == (len(kept) < n_items)


def test_attributes_stand_before_the_history(vocabulary):
    people = pl.DataFrame({"user_id": ["v", "u"], "city": ["Rome", "oslo"], "age": [40, None], "other": ["a", "b"]})
    data, prompts = made(vocabulary, log=events("u d 1"), user_attributes=("age", "city"))
    own = prompts.attributes(people, ["u", "v", "stranger"])
    assert read(vocabulary, user_tokens(data, prompts, attributes=own[0])) == (
        "<|user|> <|attribute|> city oslo <|history|> <|item|> very red fig"
    )
    assert [vocabulary.read(tokens) for tokens in own] == [
        "<|attribute|> city oslo", "<|attribute|> age 40 <|attribute|> city rome", "",
    ]  # fmt: skip


def test_attributes_take_a_quarter_of_the_budget(vocabulary):
    people = pl.DataFrame({"user_id": ["u"], "city": ["rome " * 50], "age": ["a " * 50]})
    _, prompts = made(vocabulary, user_attributes=("age", "city"), user_tokens=32)
    (tokens,) = prompts.attributes(people, ["u"])
    assert vocabulary.read(tokens) == "<|attribute|> age a a a <|attribute|> city rome rome rome"


@given(budget=st.integers(8, 40), n=st.integers(1, 6))
def test_attributes_leave_room_for_the_frame(vocabulary, budget, n):
    names = tuple(f"{letter}ge" for letter in "abcdef"[:n])
    people = pl.DataFrame({"user_id": ["u"], **{name: ["rome " * 20] for name in names}})
    data, prompts = made(vocabulary, user_attributes=names, user_tokens=budget)
    tokens = user_tokens(data, prompts, attributes=prompts.attributes(people, ["u"])[0])
    assert len(tokens) <= budget
    assert " <|history|>" in read(vocabulary, tokens)


def test_an_attribute_that_the_users_lack_is_named(vocabulary):
    _, prompts = made(vocabulary, user_attributes=("city", "shoe"))
    with pytest.raises(ConfigError, match=r"encoder.user_attributes names 'shoe', which the users table lacks"):
        prompts.attributes(pl.DataFrame({"user_id": ["u"], "city": ["rome"]}), ["u"])


@pytest.mark.parametrize("wanted", [(), ("city",)])
def test_without_users_or_wishes_there_are_no_attributes(vocabulary, wanted):
    _, prompts = made(vocabulary, user_attributes=wanted)
    people = pl.DataFrame({"user_id": ["u"], "city": ["rome"]}) if not wanted else None
    assert [len(tokens) for tokens in prompts.attributes(people, ["u", "v"])] == [0, 0]


def test_any_text_is_read_as_a_title(vocabulary):
    _, prompts = made(vocabulary, numbers="none", item_tokens=6)
    texts = [read(vocabulary, tokens) for tokens in prompts.text(["Red lamp", "", "red red red red red red red red"])]
    assert texts == ["<|item|> <|title|> red lamp", "<|item|> <|title|>", "<|item|> <|title|>" + " red" * 4]


def test_no_texts_are_no_prompts(vocabulary):
    assert made(vocabulary)[1].text([]) == []
