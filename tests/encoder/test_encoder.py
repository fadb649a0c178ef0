import json
import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from encoder_world import (
    DAYS,
    KINDS,
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
from intentrec.encoder import Encoder
from intentrec.encoder.config import EncoderConfig
from intentrec.errors import ConfigError, DataError, NotFittedError


@pytest.fixture(scope="module")
def saved(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    encoder.save(folder)
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    """A copy to damage."""
    shutil.copytree(saved, tmp_path / "copy")
    return tmp_path / "copy"


def reading(encoder, **options):
    return encoder.reading(purchases(), shelf(), day(DAYS), **options)


def test_a_loaded_encoder_is_the_one_that_was_saved(encoder, saved):
    loaded = Encoder.load(saved)
    assert (loaded.version, loaded.config, loaded.as_of, loaded.kinds, loaded.history, loaded.device) == (
        encoder.version, encoder.config, encoder.as_of, encoder.kinds, encoder.history, "cpu",
    )  # fmt: skip
    one, other = (reading(each).item_vectors(each.coder()) for each in (encoder, loaded))
    assert one[0] == other[0]
    np.testing.assert_array_equal(one[1], other[1])
    assert sorted(loaded.maps) == sorted(encoder.maps) == [16]
    np.testing.assert_array_equal(loaded.maps[16], encoder.maps[16])
    assert not loaded.opened.backbone.training


def test_nothing_but_plain_files_is_saved(saved):
    kinds = {path.suffix for path in saved.rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors"}
    assert EncoderConfig.model_validate(json.loads((saved / "encoder.json").read_text())["config"])


def test_an_empty_folder_holds_no_encoder(tmp_path):
    with pytest.raises(NotFittedError, match="Cannot find the encoder in .*encoder.json.* Train first"):
        Encoder.load(tmp_path)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "settings cut short": lambda folder: cut(folder / "encoder.json"),
    "no settings": lambda folder: (folder / "encoder.json").write_text("{}"),
    "a list": lambda folder: (folder / "encoder.json").write_text("[]"),
    "weights cut short": lambda folder: cut(folder / "model" / "model.safetensors"),
    "no weights": lambda folder: (folder / "model" / "model.safetensors").unlink(),
    "words cut short": lambda folder: cut(folder / "model" / "tokenizer.json"),
    "maps cut short": lambda folder: cut(folder / "narrowing.safetensors"),
    "no model": lambda folder: shutil.rmtree(folder / "model"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_encoder_is_refused(copy, damage):
    DAMAGES[damage](copy)
    with pytest.raises(DataError, match="(holds the encoder, damaged: |has format None).* Train again"):
        Encoder.load(copy)


def test_without_its_maps_it_is_not_found(copy):
    (copy / "narrowing.safetensors").unlink()
    with pytest.raises(NotFittedError, match=r"Cannot find the encoder in .*narrowing\.safetensors.* Train first"):
        Encoder.load(copy)


def test_another_format_is_refused(copy):
    about = json.loads((copy / "encoder.json").read_text())
    (copy / "encoder.json").write_text(json.dumps(about | {"format": 99}))
    with pytest.raises(DataError, match=r"encoder\.json has format 99, not 2\. Train again"):
        Encoder.load(copy)


def test_settings_that_make_no_sense_are_damage(copy):
    about = json.loads((copy / "encoder.json").read_text())
    about["config"]["temperature"] = -1
    (copy / "encoder.json").write_text(json.dumps(about))
    with pytest.raises(DataError, match="damaged: 1 validation error"):
        Encoder.load(copy)


def test_other_weights_than_those_that_were_saved_are_refused(copy):
    file = copy / "model" / "model.safetensors"
    tensors = load_file(file)
    tensors["embeddings.word_embeddings.weight"][7, 0] += 0.01
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(DataError, match="weights in .* are not those that were saved"):
        Encoder.load(copy)


def test_a_vocabulary_without_field_tokens_is_refused(copy, bert):
    AutoTokenizer.from_pretrained(bert).save_pretrained(copy / "model")
    with pytest.raises(DataError, match="lacks 112 of the 112 field tokens"):
        Encoder.load(copy)


def test_the_version_tells_weights_and_pooling_apart(bert):
    one, same = (untrained(tiny(bert)) for _ in range(2))
    assert one.version == same.version
    assert one.version != untrained(tiny(bert, pooling="last")).version
    with torch.no_grad():
        same.opened.backbone.model.get_input_embeddings().weight[0, 0] += 1e-4
    assert replace(same).version != one.version


def test_another_trained_width_can_be_served_and_no_other(encoder):
    half = encoder.at_width(0.5)
    assert (encoder.served, half.served, half.width) == (32, 16, 32)
    assert half.version == encoder.version
    texts = ["red apple", "saw"]
    whole, part = (each.text_vectors(texts, each.coder()) for each in (encoder, half))
    narrow = whole @ encoder.maps[16]
    np.testing.assert_allclose(part, narrow / np.linalg.norm(narrow, axis=1, keepdims=True), atol=1e-3)
    with pytest.raises(ConfigError, match=r"The width 0.25 was not trained; encoder.served_width can be 1, 0.5"):
        encoder.at_width(0.25)


def cosines(encoder):
    """Of all users and all items."""
    coder, found = encoder.coder(), reading(encoder)
    users = encoder.cut(found.user_vectors(found.data.users.names, coder))
    return users @ encoder.cut(found.item_vectors(coder)[1]).T


def test_narrowing_leaves_whole_vectors_alone(encoder):
    plain = replace(encoder, maps={})
    assert encoder.maps
    np.testing.assert_array_equal(cosines(encoder), cosines(plain))
    assert not np.allclose(cosines(encoder.at_width(0.5)), cosines(plain.at_width(0.5)), atol=1e-3)


def test_a_narrowed_part_is_nearer_to_the_whole(bert):
    made = untrained(tiny(bert, widths=(1.0, 0.125), narrow_steps=100))
    plain = made.at_width(0.125)
    narrowed = made.narrowed(reading(made), made.coder()).at_width(0.125)
    lost = [float(np.abs(cosines(each) - cosines(made)).mean()) for each in (narrowed, plain)]
    assert lost[0] < 0.5 * lost[1]


def test_maps_are_learned_on_a_sample_of_texts(bert, monkeypatch):
    monkeypatch.setattr("intentrec.encoder.encoder.ITEMS", 5)
    monkeypatch.setattr("intentrec.encoder.encoder.USERS", 4)
    made = untrained(tiny(bert))
    coder = made.coder()
    assert made.narrowed(reading(made), coder).maps[16].shape == (32, 16)
    assert coder.n_encoded == 5 + 4


def test_vectors_are_cut_as_they_are_where_asked(bert, tmp_path):
    made = trained(tiny(bert, epochs=0, narrow_steps=0))
    assert not made.maps
    made.save(tmp_path)
    assert not (tmp_path / "narrowing.safetensors").exists()
    assert not Encoder.load(tmp_path).maps


def test_half_of_the_vector_knows_what_the_whole_knows(encoder):
    assert min(foreseen(encoder), foreseen(encoder.at_width(0.5))) > 0.9


def test_any_text_has_a_vector(encoder):
    found = encoder.text_vectors(["apple", "", "zzz !", "<|history|> [SEP]"], encoder.coder())
    assert (found.shape, found.dtype) == ((4, encoder.served), np.float32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert encoder.text_vectors([], encoder.coder()).shape == (0, encoder.served)


def test_no_tag_is_longer_than_the_model_reads(bert):
    full = untrained(tiny(bert, item_tokens=126, user_tokens=126))
    assert full.text_vectors(["apple " * 500], full.coder()).shape == (1, 32)


def test_users_are_read_in_the_order_asked_and_strangers_have_no_history(encoder):
    prompts = [encoder.opened.vocabulary.read(tokens) for tokens in reading(encoder).user_prompts(["u03", "?", "u00"])]
    assert prompts[1] == "[CLS] <|user|> <|history|> [SEP]"
    assert prompts == [
        encoder.opened.vocabulary.read(reading(encoder).user_prompts([user])[0]) for user in ("u03", "?", "u00")
    ]
    assert prompts[0].count("<|item|>") == 7


def test_who_was_only_shown_something_has_a_history_where_it_counts(bert):
    encoder = untrained(tiny(bert, history="all"))
    found = encoder.reading(purchases(), shelf(), day(DAYS), impressions=impressions("new i01 3"))
    (prompt,) = found.user_prompts(["new"])
    assert encoder.opened.vocabulary.read(prompt) == "[CLS] <|user|> <|history|> <|shown|> red bolt [SEP]"


def test_attributes_are_read_of_strangers_too(bert):
    encoder = untrained(tiny(bert, user_attributes=("city",)))
    users = pl.DataFrame({"user_id": ["new", "u00"], "city": ["rome", "oslo"]})
    prompts = reading(encoder, users=users).user_prompts(["new", "u00", "u01"])
    new, known, other = map(encoder.opened.vocabulary.read, prompts)
    assert new == "[CLS] <|user|> <|attribute|> city rome <|history|> [SEP]"
    assert known.startswith("[CLS] <|user|> <|attribute|> city oslo <|history|> <|item|>")
    assert other.startswith("[CLS] <|user|> <|history|> <|item|>")


def test_whose_items_do_not_fit_is_told(bert):
    encoder = untrained(tiny(bert, user_tokens=13, history_tokens=3))
    log = events("u i00 1", "u i02 2", "u i04 3", "v i00 1", "v i02 2", "v i04 3", "v i06 4", "w i00 1")
    found = encoder.reading(log, shelf(), day(9))
    assert found.overflow(["w", "u", "v", "stranger"]).tolist() == [False, False, True, False]
    assert found.overflow([]).tolist() == []


@pytest.mark.parametrize(("number_days", "expected"), [(0.0, [1, 1, 2, 3]), (7.0, [0, 1, 1, 2])])
def test_numbers_of_items_are_counted_anew_every_so_many_days(bert, number_days, expected):
    encoder = untrained(tiny(bert, numbers="raw", number_days=number_days))
    log, found = events("u a 1", "v a 5", "w a 10"), []
    for until in (2, 4, 9.5, 11):  # weeks begin on the third and the tenth day
        text = encoder.opened.vocabulary.read(encoder.reading(log, items(a="apple"), day(until)).item_prompts()[0])
        found.append(int(text.split("<|popularity|> ")[1].split()[0]) if "<|popularity|>" in text else 0)
    assert found == expected


def test_kinds_that_it_was_not_trained_with_are_not_read(encoder):
    log = pl.concat([events("u i00 1"), events("u i01 2", kind="view")])
    found = encoder.reading(log, shelf(), day(9))
    assert encoder.kinds == KINDS
    assert encoder.opened.vocabulary.read(found.user_prompts(["u"])[0]).count("<|item|>") == 1
