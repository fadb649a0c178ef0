"""The folder that a training leaves: whole, or not there."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from intentrec.alignment.gguf import can_write, merge, write_adapter
from intentrec.alignment.recipes.opening import Opened
from intentrec.alignment.recipes.recipe import Place, Trained

REPORT = "training.json"
_ADAPTER = ("adapter_model.safetensors", "adapter_config.json")


def finished(place: Place, key: str) -> Trained | None:
    """The result of an equal training that stands there already."""
    report = place.out / REPORT
    if not report.is_file():
        return None
    told = json.loads(report.read_text("utf-8"))
    if told.pop("key") != key:
        return None
    judged = tuple((int(step), float(figure)) for step, figure in told.pop("judged"))
    return Trained(**told | {"folder": place.out, "key": key, "judged": judged})


def write(place: Place, checkpoint: Path, base: str, opened: Opened, trained: Trained) -> None:
    """Make the result of the best checkpoint, and put it in its place at once."""
    unfinished, older = (place.out.with_name(place.out.name + end) for end in (".part", ".old"))
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if (checkpoint / _ADAPTER[0]).is_file():
        _adapter(unfinished, checkpoint, base, opened.model.config)
        if place.merged:
            merge(base, unfinished, unfinished / "merged")
    else:
        for file in (*checkpoint.glob("model*.safetensors*"), *checkpoint.glob("*config.json")):
            shutil.copy(file, unfinished / file.name)
        opened.tokenizer.save_pretrained(unfinished)
    report = asdict(trained) | {"folder": ""}
    (unfinished / REPORT).write_text(json.dumps(report, indent=1), "utf-8")
    shutil.rmtree(older, ignore_errors=True)
    if place.out.exists():
        os.replace(place.out, older)
    os.replace(unfinished, place.out)
    shutil.rmtree(older, ignore_errors=True)


def _adapter(folder: Path, checkpoint: Path, base: str, config: Any) -> None:
    for name in _ADAPTER:
        shutil.copy(checkpoint / name, folder / name)
    settings = json.loads((folder / _ADAPTER[1]).read_text("utf-8"))
    # As it was asked for, not where it lay on this machine.
    settings["base_model_name_or_path"] = base
    (folder / _ADAPTER[1]).write_text(json.dumps(settings, indent=1, sort_keys=True), "utf-8")
    if can_write(config):
        write_adapter(folder, config)
