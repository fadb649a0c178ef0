import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from encoder_world import tiny
from intentrec.encoder.backbone import open_backbone
from intentrec.encoder.vocabulary import FIELDS, OWN, Vocabulary
from intentrec.errors import DataError

TOKENS = [*OWN, "[SEP]", "[CLS]", "[UNK]"]
HOSTILE = st.lists(st.sampled_from([*TOKENS, " ", "red ", "a", "<|", "|>", "["]), max_size=20).map("".join)


@pytest.fixture(scope="module", params=["bert", "llama"])
def vocabulary(request):
    return open_backbone(tiny(request.getfixturevalue(request.param))).vocabulary


def forbidden(vocabulary):
    special = {*vocabulary.tokenizer.all_special_ids, *vocabulary.own_ids.tolist()}
    return special | set(vocabulary.tokenizer.convert_tokens_to_ids(TOKENS))


@given(text=st.text() | HOSTILE)
@example(text=" ".join(TOKENS))
def test_no_text_yields_a_special_or_a_field_token(vocabulary, text):
    (tokens,) = vocabulary.texts([text], 512)
    assert not forbidden(vocabulary) & set(tokens.tolist())


def test_a_title_that_spells_a_field_is_read_as_letters(bert):
    tokens = open_backbone(tiny(bert)).vocabulary.texts(["red <|p5|> [SEP] lamp"], 50)[0]
    known = open_backbone(tiny(bert)).vocabulary.tokenizer.convert_ids_to_tokens(tokens.tolist())
    assert " ".join(known) == "red < | p ##5 | > [ s ##e ##p ] lamp"


def test_reading_a_hostile_text_leaves_the_ends_as_they_are(bert):
    fresh = open_backbone(tiny(bert)).vocabulary
    fresh.texts(["[CLS] <|item|>"], 9)
    first, last = fresh.ends
    assert (fresh.read(first), fresh.read(last)) == ("[CLS]", "[SEP]")


def test_a_model_without_ends_has_none(llama):
    first, last = open_backbone(tiny(llama)).vocabulary.ends
    assert (len(first), len(last)) == (0, 0)


def test_fields_and_percentiles_have_ids_of_their_own(vocabulary):
    fields = [vocabulary.field(name) for name in FIELDS]
    everything = [*fields, *vocabulary.percentile_ids[1:].tolist()]
    assert len(set(everything)) == len(everything) == len(OWN)
    assert vocabulary.read(vocabulary.percentile_ids[[1, 70, 100]]).split() == ["<|p1|>", "<|p70|>", "<|p100|>"]
    assert vocabulary.read(np.array(fields[:2])).split() == ["<|item|>", "<|title|>"]


def test_new_tokens_stand_behind_the_old_ones(bert):
    plain = AutoTokenizer.from_pretrained(bert)
    n_plain = len(plain)
    extended = Vocabulary.extend(plain)
    assert extended.own_ids.min() == n_plain
    assert len(extended) == n_plain + len(OWN)


def test_tokens_that_a_model_has_already_are_not_added_twice(bert):
    tokenizer = AutoTokenizer.from_pretrained(bert)
    tokenizer.add_tokens(["<|user|>", "other"], special_tokens=True)
    n_before, own = len(tokenizer), tokenizer.convert_tokens_to_ids("<|user|>")
    extended = Vocabulary.extend(tokenizer)
    assert len(extended) == n_before + len(OWN) - 1
    assert extended.field("user") == own
    assert len(set(extended.own_ids.tolist())) == len(OWN)


def test_a_vocabulary_without_field_tokens_is_refused_by_name(bert):
    tokenizer = AutoTokenizer.from_pretrained(bert)
    with pytest.raises(DataError, match=r"some/place lacks 112 of the 112 field tokens, e.g. <\|item\|>"):
        Vocabulary.of(tokenizer, "some/place")
    tokenizer.add_tokens([token for token in OWN if token != "<|p7|>"], special_tokens=True)
    with pytest.raises(DataError, match=r"lacks 1 of the 112 field tokens, e.g. <\|p7\|>"):
        Vocabulary.of(tokenizer, "some/place")
    tokenizer.add_tokens(["<|p7|>"], special_tokens=True)
    assert len(Vocabulary.of(tokenizer, "some/place")) == len(tokenizer)


@given(words=st.lists(st.sampled_from(["red", "lamp", "candle"]), max_size=12), most=st.integers(0, 12))
def test_texts_are_cut_after_so_many_tokens(vocabulary, words, most):
    (tokens,) = vocabulary.texts([" ".join(words)], most)
    assert vocabulary.read(tokens).split() == words[:most]


def test_a_very_long_text_costs_no_more_than_a_cut_one(vocabulary):
    (tokens,) = vocabulary.texts(["red " * 100_000], 3)
    assert vocabulary.read(tokens).split() == ["red"] * 3


def test_no_texts_and_empty_texts_are_no_tokens(vocabulary):
    assert vocabulary.texts([], 5) == []
    assert [len(tokens) for tokens in vocabulary.texts(["", " ", "red"], 5)] == [0, 0, 1]


def test_what_fills_up_is_the_padding_token_where_there_is_one(bert):
    assert open_backbone(tiny(bert)).vocabulary.padding == AutoTokenizer.from_pretrained(bert).pad_token_id
