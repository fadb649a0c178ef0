"""Stage 2: what each user wants, with the events that show it (RecGPT-V1, section 2.1.2)."""

from datetime import datetime
from hashlib import sha256
from typing import Literal

import polars as pl

from intentrec.interests.behaviour import Behaviour, read_behaviour
from intentrec.interests.by_group import GroupNaming
from intentrec.interests.by_history import HistoryReading
from intentrec.interests.config import InterestsConfig
from intentrec.interests.group_questions import STAGE, Form
from intentrec.interests.rules import Interest
from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress
from intentrec.stages import Refusals, StageResult
from intentrec.tables import INTERESTS
from intentrec.text.embeddings import Embedder

Mode = Literal["whole", "cluster", "tuned"]


def infer_interests(
    profiles: pl.DataFrame,
    events: pl.DataFrame,
    catalogue: pl.DataFrame,
    pool: pl.DataFrame,
    embedder: Embedder,
    config: InterestsConfig,
    language: str,
    as_of: datetime,
    model: LanguageModel | None = None,
    llm_users: frozenset[str] | None = None,
    progress: Progress = SILENT,
) -> StageResult:
    """Interests of every user who touched something.

    Rules write for everyone; where there is a model, its answers take their place, as far as they pass the gate.

    Args:
        profiles: `PROFILES`; their lines say which events count.
        events: `EVENTS`; only rows before `as_of` are read.
        catalogue: `CATALOGUE`.
        pool: `POOL`.
        embedder: Text vectors; similarities in `config` are cosines of them.
        config: Bounds, thresholds and word lists.
        language: "en" or "ru": prompts and reasons.
        as_of: Time of the run, exclusive.
        model: Writes for `llm_users`; None leaves everything to the rules.
        llm_users: Whom the model writes for; None means everyone.
        progress: Where the model's progress is shown.

    Returns:
        A table of `INTERESTS` in key order, what the gate refused, and counts "passed:<model>" and "rejected:<reason>".
    """
    behaviour = read_behaviour(profiles, events, catalogue, pool, embedder, config, language, as_of)
    by_user, refusals = dict(behaviour.rules.by_user), Refusals(STAGE, as_of)
    if model is not None:
        users = sorted(user_id for user_id in by_user if llm_users is None or user_id in llm_users)
        writer = _writer(behaviour, profiles, embedder, config, language, resolved_mode(config, model))
        by_user |= writer.write(users, model, refusals, progress)
    return _result(by_user, refusals, as_of)


def _writer(
    behaviour: Behaviour, profiles: pl.DataFrame, embedder: Embedder, config: InterestsConfig, language: str, mode: Mode
) -> HistoryReading | GroupNaming:
    if mode == "whole":
        return HistoryReading(profiles, behaviour, embedder, config, language)
    form: Form = "tuned" if mode == "tuned" else "writing" if config.free_names else "choosing"
    return GroupNaming(behaviour, embedder, config, language, form)


def resolved_mode(config: InterestsConfig, model: LanguageModel) -> Mode:
    """What `auto` comes to.

    A model aligned for the stage is asked the short way it learned, another small one chooses names group by group, a
    large one reads whole histories.
    """
    if config.mode != "auto":
        return config.mode
    if STAGE in getattr(model, "tuned", ()):
        return "tuned"
    return "cluster" if getattr(model, "small", False) else "whole"


def interest_id(user_id: str, interest: str) -> str:
    """Twelve hex digits that stay the same as long as the user has the interest."""
    return sha256(f"{user_id}\0{interest}".encode()).hexdigest()[:12]


def interest_row(interest: Interest, as_of: datetime) -> dict[str, object]:
    """The interest as a row of `INTERESTS`."""
    return {
        "user_id": interest.user_id,
        "interest_id": interest_id(interest.user_id, interest.interest),
        "interest": interest.interest,
        "listed": interest.listed,
        "stage": interest.stage,
        "reason": interest.reason,
        "evidence": list(interest.evidence),
        "weight": interest.weight,
        "verdict": "pass",
        "as_of": as_of,
        "model": interest.model,
        "prompt_version": interest.prompt_version,
    }


def _result(by_user: dict[str, list[Interest]], refusals: Refusals, as_of: datetime) -> StageResult:
    written = [interest for user_id in sorted(by_user) for interest in by_user[user_id]]
    for interest in written:
        refusals.passed(interest.model)
    rows = (interest_row(interest, as_of) for interest in written)
    return StageResult(INTERESTS.rows(rows).sort("user_id", "interest_id"), refusals.frame(), refusals.counts)
