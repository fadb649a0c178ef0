"""A trained adapter put into the package: half as large, and it says the same."""

from pathlib import Path

import gguf
import numpy as np
import peft
import pytest
import torch
from pack_adapter import halved, pack
from safetensors.numpy import load_file, save_file

from adapter_world import save_adapter, save_base
from align_models import model_of
from align_shop import SMOLLM
from intentrec.errors import ConfigError
from intentrec.llm import AdapterCard, open_adapter, read_card, write_card
from intentrec.llm.adapters import FILES, GGUF, TORCH_WEIGHTS
from intentrec.llm.torch_weights import quiet
from intentrec.pipeline.shipped import short_prompt


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """An adapter of a tiny model, whose card says that the default weights are beneath it."""
    folder = save_adapter(tmp_path / "tags-1", save_base(tmp_path / "base"), "tags", seed=1)
    changed(folder, base=SMOLLM, prompt_version=short_prompt("tags", "en"), figures={"pass rate": 0.75, "loss": 0.5})
    (folder / "report.json").write_text("how it was measured")
    return folder


def changed(folder: Path, **changes: object) -> AdapterCard:
    return write_card(folder, read_card(folder).model_copy(update=changes))


def logits(folder: Path) -> np.ndarray:
    with quiet(), torch.no_grad():
        model = peft.PeftModel.from_pretrained(model_of(), str(folder))
        return model(torch.tensor([[2, 40, 77, 5, 130]])).logits[0, -1].numpy()


def test_it_is_stored_as_float16_and_says_what_it_said(trained: Path, package: Path) -> None:
    packed = pack(trained, package)
    assert packed == package / "tags-en"
    assert {file.name for file in packed.iterdir()} == {*FILES, "card.json"}
    assert {tensor.dtype for tensor in load_file(packed / TORCH_WEIGHTS).values()} == {np.dtype(np.float16)}
    kinds = {tensor.tensor_type for tensor in gguf.GGUFReader(packed / GGUF).tensors}
    assert kinds == {gguf.GGMLQuantizationType.F16}
    assert (packed / TORCH_WEIGHTS).stat().st_size < 0.7 * (trained / TORCH_WEIGHTS).stat().st_size
    np.testing.assert_allclose(logits(packed), logits(trained), atol=1e-2)
    with quiet(), torch.no_grad():
        bare = model_of()(torch.tensor([[2, 40, 77, 5, 130]])).logits[0, -1].numpy()
    assert np.abs(bare - logits(packed)).max() > 0.1


def test_the_card_keeps_what_it_said_and_names_the_new_files(trained: Path, package: Path) -> None:
    before = read_card(trained)
    after = open_adapter(str(pack(trained, package)), package).card
    assert after.files[TORCH_WEIGHTS] != before.files[TORCH_WEIGHTS]
    assert after.files[GGUF] == before.files[GGUF]
    assert after.model_copy(update={"files": before.files}) == before
    assert after.figures == {"pass rate": 0.75, "loss": 0.5}


def test_a_new_one_takes_the_place_of_the_old_one(trained: Path, package: Path) -> None:
    (pack(trained, package) / "left.txt").touch()
    changed(trained, name="tags-2")
    packed = pack(trained, package)
    assert read_card(packed).name == "tags-2"
    assert not (packed / "left.txt").exists()
    assert [place.name for place in package.iterdir() if place.is_dir()] == ["tags-en"]
    assert list(package.parent.iterdir()) == [package]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"prompt_version": "tags/tuned.en@00000000"}, r"cannot be shipped: it learned the prompt tags/tuned\.en@0000"),
        ({"base": SMOLLM.model_copy(update={"sha256": "2" * 64})}, "cannot be shipped: it learned on SmolLM2"),
        ({"base": SMOLLM.model_copy(update={"weights": "/mine/a.gguf"})}, "'/mine/a.gguf', which is of use on this"),
    ],
)
def test_what_does_not_go_with_the_default_weights_is_refused(
    trained: Path, package: Path, changes: dict[str, object], why: str
) -> None:
    changed(trained, **changes)
    with pytest.raises(ConfigError, match=why):
        pack(trained, package)
    assert not (package / "tags-en").exists()


def test_what_is_not_whole_is_refused(trained: Path, package: Path) -> None:
    (trained / GGUF).unlink()
    with pytest.raises(ConfigError, match=r"adapter\.gguf is missing"):
        pack(trained, package)
    changed(trained)
    with pytest.raises(ConfigError, match=r"has no adapter\.gguf"):
        pack(trained, package)


def test_what_float16_cannot_hold_is_refused_before_anything_is_changed(trained: Path, package: Path) -> None:
    pack(trained, package)
    tensors = load_file(trained / TORCH_WEIGHTS)
    largest = sorted(tensors)[0]
    tensors[largest][0, 0] = 7e4
    save_file(tensors, trained / TORCH_WEIGHTS, metadata={"format": "pt"})
    changed(trained, name="large")
    with pytest.raises(ConfigError, match=f"{largest} holds 70000, which float16 cannot store"):
        pack(trained, package)
    assert read_card(package / "tags-en").name == "tags-1"


def test_halves_are_the_nearest() -> None:
    # Between 1 and 2 a float16 has ten bits after the point: 1.0001 is nearest to 1, 1.0008 to 1 + 1/1024.
    found = halved("a", np.array([1.0001, 1.0008, -65504.0], dtype=np.float32))
    assert found.tolist() == [1.0, 1 + 1 / 1024, -65504.0]
