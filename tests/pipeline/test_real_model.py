"""The small shop written for by a real language model: in this process, and behind its own OpenAI-compatible server."""

from pathlib import Path

import polars as pl
import pytest

from align_shop import ship
from intentrec.config import Config
from intentrec.llm import Ledger, read_card, write_card
from intentrec.pipeline.daily import RunOptions, RunReport, run_day
from intentrec.pipeline.doctor import examine
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from llm_world import SERVER_KEY, write_lora
from shop_world import NOW, Shop, open_shop

USERS = frozenset({"user001"})  # each takes the real model some ten seconds


def run(workspace: Workspace, config: Config) -> RunReport:
    return run_day(workspace, config, RunOptions(llm_users=USERS), now=lambda: NOW, progress=SILENT)


def written(workspace: Workspace, table: str) -> pl.DataFrame:
    return workspace.read_release(table).filter(pl.col("model") != "none")


def test_an_embedded_model_writes_and_is_paid_once(tmp_path: Path, shop: Shop) -> None:
    settings = {"llm": {"backend": "embedded", "context_tokens": 1024, "shipped_adapters": False}}
    workspace, config = open_shop(tmp_path / "shop", shop, settings=settings)
    report = run(workspace, config)
    assert report.models["interests"]["calls"] > 0
    assert report.models["interests"]["failed"] == 0
    tags = written(workspace, "tags")
    assert set(tags["user_id"]) <= USERS
    assert set(tags["model"]) == {"SmolLM2-135M-Instruct"}
    assert tags["prompt_version"].str.contains(r"^tags/choose\.en@[0-9a-f]{8}$").all()
    workspace.steps.clear()
    again = run(workspace, config)
    assert all(use["calls"] == 0 for use in again.models.values())
    assert not again.published


def test_an_embedded_model_writes_with_what_is_shipped(tmp_path: Path, shop: Shop, package: Path) -> None:
    folder = ship(package, "interests")
    write_lora(folder / "adapter.gguf", 576, 1e-3)
    digest = write_card(folder, read_card(folder)).digest
    settings = {"llm": {"backend": "embedded", "context_tokens": 1024}}
    workspace, config = open_shop(tmp_path / "shop", shop, settings=settings)
    run(workspace, config)
    asked = Ledger(workspace.ledger)
    who = {stage: {call.model for call in asked.calls(stage=stage)} for stage in ("interests", "tags")}
    forms = {call.prompt_version.partition("@")[0] for call in asked.calls(stage="interests")}
    asked.close()
    assert who == {
        "interests": {f"SmolLM2-135M-Instruct+interests-{digest[:8]}"},
        "tags": {"SmolLM2-135M-Instruct"},
    }
    assert forms == {"interests/tuned.en"}
    findings = [(one.ok, one.message) for one in examine(workspace.root) if one.what in ("adapters", "language model")]
    (noted, told), *_, (works, answered) = findings
    assert noted is None
    assert told.startswith("interests uses package:intentrec_smollm2/interests-en, which intentrec-smollm2 brings")
    assert works
    assert f"+interests-{digest[:8]}, answered" in answered
    write_card(folder, read_card(folder).model_copy(update={"prompt_version": "interests/tuned.en@00000000"}))
    (fault,) = [one for one in examine(workspace.root) if one.what == "adapters"]
    assert fault.ok is False
    assert "Install the intentrec-smollm2 that goes with this version" in fault.message


def test_a_server_writes_through_the_same_door(
    tmp_path: Path, shop: Shop, llm_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SERVER_KEY)
    llm = {"backend": "openai", "base_url": llm_server, "model": "SmolLM2-135M-Instruct", "small": True}
    workspace, config = open_shop(tmp_path / "shop", shop, settings={"llm": llm})
    report = run(workspace, config)
    assert report.published
    assert report.models["tags"]["failed"] == 0
    assert set(written(workspace, "tags")["user_id"]) <= USERS
    assert not written(workspace, "tags").is_empty()
