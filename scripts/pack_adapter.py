"""Put a trained adapter into the package in adapters/, its weights as float16: `python -m scripts.pack_adapter FOLDER`.

FOLDER is one that `intentrec align` wrote, such as WORKSPACE/adapters/interests/NAME. Afterwards `make docs` brings the
model card up to date.
"""

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from intentrec.errors import ConfigError
from intentrec.llm import open_adapter, write_card
from intentrec.llm.adapters import FILES, GGUF, TORCH_CONFIG, TORCH_WEIGHTS
from intentrec.llm.config import DEFAULT_WEIGHTS
from intentrec.pipeline.shipped import PACKAGE, folder_name, misfit

HOME = Path(__file__).parents[1] / "adapters" / "src" / PACKAGE


def pack(folder: Path, home: Path = HOME) -> Path:
    """Copy an adapter into the package, in place of the one that is there for its stage and language.

    Args:
        folder: With the files and the card as `intentrec align` leaves them; reports and whole models stay behind.
        home: The package's folder.

    Raises:
        ConfigError: It is no adapter, is damaged, lacks a file, does not go with the default weights and the present
            prompt, or holds numbers that float16 cannot store.
    """
    found = open_adapter(str(folder.resolve()), Path())
    name = folder_name(found.card.task, found.card.language)
    if wrong := misfit(found.card, name):
        raise ConfigError(f"{folder} cannot be shipped: {wrong}.")
    if found.card.base.weights != DEFAULT_WEIGHTS:
        raise ConfigError(
            f"{folder} cannot be shipped: card and configuration name its base {found.card.base.weights!r}, which is "
            f"of use on this machine only. Align with llm.weights = {DEFAULT_WEIGHTS!r}."
        )
    files = {file: found.file(file) for file in FILES}
    halves = {key: halved(key, tensor) for key, tensor in load_file(files[TORCH_WEIGHTS]).items()}
    with TemporaryDirectory(dir=home.parent) as draft:
        made = Path(draft) / name
        made.mkdir()
        save_file(halves, made / TORCH_WEIGHTS, metadata={"format": "pt"})
        for file in (TORCH_CONFIG, GGUF):  # the GGUF holds float16 from the beginning
            shutil.copyfile(files[file], made / file)
        write_card(made, found.card)
        shutil.rmtree(home / name, ignore_errors=True)
        return made.rename(home / name)


def halved(key: str, tensor: NDArray[np.floating]) -> NDArray[np.float16]:
    """A tensor as float16.

    Raises:
        ConfigError: It holds a number that float16 has not.
    """
    with np.errstate(over="ignore"):
        half = tensor.astype(np.float16)
    if not np.isfinite(half).all():
        raise ConfigError(f"The tensor {key} holds {np.abs(tensor).max():g}, which float16 cannot store.")
    return half


def main() -> None:
    """Pack one adapter, and say how large its files are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an adapter as `intentrec align` wrote it")
    packed = pack(parser.parse_args().folder)
    for file in sorted(packed.iterdir()):
        print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
