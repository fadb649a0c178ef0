"""A virtual environment in which RecTools works, made on first use."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from intentrec.errors import ConfigError

TORCH = "torch==2.13.0"
REQUIREMENTS = ("rectools[torch]==0.19.0", "pyarrow>=18,<22")
"""RecTools holds numpy below 2, and pyarrow from 22 on wants numpy 2."""

_UNWANTED = ("torch", "triton")
_UNWANTED_PREFIXES = ("nvidia-", "cuda-")


def python_of(folder: Path, torch_options: Sequence[str] = ()) -> Path:
    """The interpreter of the environment in `folder`, which is made where it is not there yet.

    Args:
        folder: Of the environment.
        torch_options: Further arguments of the `pip install` that brings torch, such as --index-url.

    Raises:
        ConfigError: What is to be installed would replace torch or bring a CUDA build.
    """
    python, ready = folder / "bin" / "python", folder / "ready.json"
    wanted = [TORCH, *REQUIREMENTS]
    if ready.exists() and json.loads(ready.read_text())["requirements"] == wanted:
        return python
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *torch_options, TORCH], check=True)
    plan = subprocess.run(
        [*pip, "--dry-run", "--report", "-", *REQUIREMENTS], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    check_plan(plan)
    subprocess.run([*pip, *REQUIREMENTS], check=True)
    ready.write_text(json.dumps({"requirements": wanted}))
    return python


def check_plan(report: str) -> None:
    """Refuse an installation report of pip that touches torch.

    Raises:
        ConfigError: It does.
    """
    names = [entry["metadata"]["name"].lower() for entry in json.loads(report)["install"]]
    bad = [name for name in names if name in _UNWANTED or name.startswith(_UNWANTED_PREFIXES)]
    if bad:
        raise ConfigError(
            f"Installing {', '.join(REQUIREMENTS)} would also install {', '.join(bad)}, which replaces the torch that "
            f"is there. Install a torch that satisfies them first, or change TORCH ({TORCH})."
        )
