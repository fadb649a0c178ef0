import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from align_models import CHAT, lessons, model_of, place, same, sample, tiny, tokenizer_of, weights
from intentrec.alignment.recipes import train_sft
from intentrec.alignment.recipes.checkpoints import complete
from intentrec.alignment.recipes.sft import estimate_sft
from intentrec.errors import ConfigError, DataError, WorkspaceError
from intentrec.llm.torch_weights import quiet

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="module")
def once(base, tmp_path_factory):
    """One plain training of two epochs."""
    return train_sft(lessons(), base, tiny(), place(tmp_path_factory.mktemp("once")))


def test_an_adapter_learns_the_answers(base, once, tmp_path):
    made = train_sft(lessons(), base, tiny(epochs=40, save_every=1000), place(tmp_path))
    assert made.figures["loss"] < 0.5 * once.figures["loss"]
    assert made.figures["samples"] == 4
    assert made.figures["tokens_per_second"] > 0
    assert (made.folder / "adapter.gguf").read_bytes()[:4] == b"GGUF"
    settings = json.loads((made.folder / "adapter_config.json").read_text())
    assert (settings["base_model_name_or_path"], settings["r"], settings["lora_alpha"]) == (base, 8, 16)
    assert "lm_head" not in settings["target_modules"]
    assert not any((tmp_path / "cache").iterdir())


def test_an_equal_training_is_found_and_another_takes_its_place(base, once, monkeypatch):
    where = place(once.folder.parent)
    monkeypatch.setattr("intentrec.alignment.recipes.sft.open_for_training", None)
    assert train_sft(lessons(), base, tiny(device="auto", most_hours=1), where) == once
    with pytest.raises(TypeError):
        train_sft(lessons(), base, tiny(epochs=3), where)


def test_activations_that_are_computed_twice_are_the_same(base, once, tmp_path):
    made = train_sft(lessons(), base, tiny(gradient_checkpointing=True), place(tmp_path))
    assert made.key == once.key
    for name, value in weights(once).items():
        torch.testing.assert_close(weights(made)[name], value)


def test_training_leaves_random_numbers_as_they_were(base, tmp_path):
    state = torch.get_rng_state()
    train_sft(lessons(), base, tiny(), place(tmp_path))
    assert torch.equal(torch.get_rng_state(), state)


KILLED = """
import os, signal, sys
from pathlib import Path
from align_models import lessons, place, tiny
from intentrec.alignment.recipes import checkpoints, train_sft, watch

base, folder, when = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
mark = checkpoints.mark
def killing(where, step, notes):
    if when == "before" and step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    mark(where, step, notes)
    if when == "after" and step == 2:
        os.kill(os.getpid(), signal.SIGKILL)
watch.mark = killing
train_sft(lessons(), base, tiny(), place(folder))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("when", "done"), [("before", [1]), ("after", [1, 2])])
def test_a_killed_training_comes_to_the_same_weights(base, once, tmp_path, when, done):
    environment = {**os.environ, "PYTHONPATH": str(SHARED)}
    died = subprocess.run([sys.executable, "-c", KILLED, base, str(tmp_path), when], check=False, env=environment)
    assert died.returncode == -signal.SIGKILL
    (folder,) = (tmp_path / "cache").iterdir()
    assert [checkpoint.step for checkpoint in complete(folder)][-1] == done[-1]
    assert not (tmp_path / "out").exists()
    resumed = train_sft(lessons(), base, tiny(), place(tmp_path))
    assert same(weights(resumed), weights(once))
    assert resumed.figures["steps"] == once.figures["steps"]
    assert resumed.figures["tokens"] == once.figures["tokens"]


def test_a_full_disk_is_said_and_the_older_checkpoint_stays(base, once, tmp_path, monkeypatch):
    from intentrec.alignment.recipes.running import Trainer

    written = Trainer._save_rng_state

    def full(self, folder):
        if folder.endswith("-2"):
            raise OSError(28, "No space left on device")
        written(self, folder)

    monkeypatch.setattr(Trainer, "_save_rng_state", full)
    told = r"checkpoint of step 2 could not be written to .*No space left.*MB are free.*goes on after step 1"
    with pytest.raises(WorkspaceError, match=told):
        train_sft(lessons(), base, tiny(), place(tmp_path))
    monkeypatch.undo()
    assert same(weights(train_sft(lessons(), base, tiny(), place(tmp_path))), weights(once))


def test_the_best_model_is_kept_and_patience_ends_the_training(base, tmp_path):
    said, seen = iter([0.2, 0.5, 0.4, 0.5, 0.9]), []

    def figure(model, tokenizer):
        assert not model.training
        seen.append({name: value.clone() for name, value in model.state_dict().items() if "lora_" in name})
        return next(said)

    made = train_sft(lessons(), base, tiny(eval_every=1, patience=2, epochs=9), place(tmp_path), figure=figure)
    assert made.judged == ((1, 0.2), (2, 0.5), (3, 0.4), (4, 0.5))
    assert (made.best_step, made.stopped_early, made.figures["steps"]) == (2, True, 4)
    kept = weights(made)
    for name, value in seen[1].items():
        torch.testing.assert_close(kept[name.replace(".default", "")], value)


def test_a_judge_that_fails_costs_no_step(base, tmp_path):
    asked = []

    def down(model, tokenizer):
        asked.append("down")
        raise ConnectionError("the judge is down")

    def well(model, tokenizer):
        asked.append("well")
        return 1.0

    for figure, error in ((down, pytest.raises(ConnectionError)), (well, None)):
        where, config = place(tmp_path), tiny(eval_every=2, save_every=2)
        if error:
            with error:
                train_sft(lessons(), base, config, where, figure=figure)
        else:
            made = train_sft(lessons(), base, config, where, figure=figure)
    assert asked == ["down", "well", "well"]
    assert [step for step, _ in made.judged] == [2, 4]


def test_an_adapter_goes_on_from_another(base, once, tmp_path):
    made = train_sft(lessons(), base, tiny(), place(tmp_path), start=once.folder)
    assert made.figures["loss"] < once.figures["loss"]
    assert made.key != once.key
    with pytest.raises(ConfigError, match=r"holds no adapter to go on from"):
        train_sft(lessons(), base, tiny(), place(tmp_path), start=tmp_path)
    with pytest.raises(ConfigError, match=r"lora_rank is 0"):
        train_sft(lessons(), base, tiny(lora_rank=0), place(tmp_path), start=once.folder)


def test_without_a_rank_the_whole_model_is_trained(base, tmp_path):
    from transformers import AutoModelForCausalLM

    made = train_sft(lessons(), base, tiny(lora_rank=0, epochs=40, save_every=1000), place(tmp_path))
    assert made.figures["loss"] < 0.1
    assert not (made.folder / "adapter.gguf").exists()
    with quiet():
        loaded = AutoModelForCausalLM.from_pretrained(made.folder)
    before = model_of().state_dict()
    assert all(not torch.equal(value, before[name]) for name, value in loaded.state_dict().items() if "proj" in name)


def test_attention_alone_can_be_adapted_and_the_merged_model_written(base, tmp_path):
    from transformers import AutoModelForCausalLM

    made = train_sft(lessons(), base, tiny(lora_targets="attention"), place(tmp_path, merged=True))
    assert {name.split(".")[-3] for name in weights(made)} == {"q_proj", "k_proj", "v_proj", "o_proj"}
    with quiet():
        merged = AutoModelForCausalLM.from_pretrained(made.folder / "merged").state_dict()
    before = model_of().state_dict()
    changed = {name for name in before if not torch.equal(before[name], merged[name])}
    assert changed
    assert all("self_attn" in name for name in changed)


@pytest.mark.parametrize(
    ("samples", "changes", "error", "told"),
    [
        ([], {}, DataError, "no samples to train on"),
        ([sample("x" * 200, "{}")], {}, DataError, r"shortest of 1 samples has 2\d\d tokens, and .*max_tokens is 128"),
        (lessons(), {"precision": "bfloat16"}, ConfigError, "runs on a CPU"),
        (lessons(), {"device": "cuda"}, ConfigError, "finds no GPU"),
        (lessons(), {"most_hours": 1e-9}, ConfigError, "alignment.most_hours is 1e-09.*--yes begins it"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused(base, tmp_path, samples, changes, error, told):
    with pytest.raises(error, match=told):
        train_sft(samples, base, tiny(**changes), place(tmp_path))


def test_what_does_not_fit_is_refused_unless_one_insists(base, tmp_path, monkeypatch):
    monkeypatch.setattr("intentrec.alignment.recipes.estimate.available", lambda device: 1e5)
    with pytest.raises(ConfigError, match=r"needs 0.0 GB of memory \(0.0 are free\).*Lower alignment.micro_tokens"):
        train_sft(lessons(), base, tiny(), place(tmp_path))
    assert train_sft(lessons(), base, tiny(), place(tmp_path, yes=True)).figures["steps"] == 4


def test_too_long_samples_are_counted(base, tmp_path):
    made = train_sft([*lessons(), sample("x" * 200, "{}")], base, tiny(), place(tmp_path))
    assert (made.figures["samples"], made.figures["left_out"]) == (4, 1)


def test_a_loss_that_is_no_number_is_said(tmp_path):
    model = model_of()
    with torch.no_grad():
        model.lm_head.weight[:] = float("nan")
    with quiet():
        model.save_pretrained(tmp_path / "base")
        tokenizer_of().save_pretrained(tmp_path / "base")
    with pytest.raises(ConfigError, match=r"loss of step 1 is nan; lower the learning rate"):
        train_sft(lessons(), str(tmp_path / "base"), tiny(), place(tmp_path))


@pytest.mark.parametrize(("chat", "eos", "told"), [(None, "</s>", "no chat template"), (CHAT, None, "eos_token")])
def test_a_base_that_does_not_chat_is_refused(tmp_path, chat, eos, told):
    tokenizer = tokenizer_of(chat)
    tokenizer.pad_token, tokenizer.eos_token = "<s>", eos
    with quiet():
        model_of().save_pretrained(tmp_path / "base")
        tokenizer.save_pretrained(tmp_path / "base")
    with pytest.raises(ConfigError, match=told):
        train_sft(lessons(), str(tmp_path / "base"), tiny(), place(tmp_path))


def test_larger_models_take_more_of_everything(base):
    small = estimate_sft(lessons(), base, tiny())
    assert 0 < small.memory < estimate_sft(lessons(), base, tiny(lora_rank=0)).memory
    assert small.seconds > 0
    assert "GB of memory" in str(small)
