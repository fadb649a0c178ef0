"""Stage 2: what each user wants, with the events that show it (RecGPT-V1, section 2.1.2)."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Literal

import polars as pl

from intentrec.interests.by_group import GroupNaming
from intentrec.interests.by_history import HistoryReading
from intentrec.interests.config import InterestsConfig
from intentrec.interests.naming import Pool
from intentrec.interests.rules import Interest, interests_by_rules
from intentrec.interests.touches import find_touches
from intentrec.llm.model import LanguageModel
from intentrec.progress import SILENT, Progress
from intentrec.stages import Refusals, StageResult
from intentrec.tables import INTERESTS
from intentrec.text.embeddings import Embedder
from intentrec.text.phrases import fit_phrases


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
    touches = find_touches(profiles, events, catalogue, embedder, config, as_of)
    names = pool["interest"].unique().sort().to_list()
    listed = Pool(names, embedder.embed(names))
    phrases = fit_phrases(catalogue["name"].sort().to_list())
    rules = interests_by_rules(touches, listed, phrases, embedder, config, language)
    by_user, refusals = dict(rules.by_user), Refusals("interests", as_of)
    if model is not None:
        users = sorted(user_id for user_id in by_user if llm_users is None or user_id in llm_users)
        if resolved_mode(config, model) == "cluster":
            naming = GroupNaming(touches, rules, listed, embedder, config, language)
            by_user |= naming.write(users, model, refusals, progress)
        else:
            reading = HistoryReading(profiles, touches, rules, listed, embedder, config, language)
            by_user |= reading.write(users, model, refusals, progress)
    return _result(by_user, refusals, as_of)


def resolved_mode(config: InterestsConfig, model: LanguageModel) -> Literal["whole", "cluster"]:
    """`auto` reads whole histories with a large model and one group at a time with a model that says it is `small`."""
    if config.mode != "auto":
        return config.mode
    return "cluster" if getattr(model, "small", False) else "whole"


def interest_id(user_id: str, interest: str) -> str:
    """Twelve hex digits that stay the same as long as the user has the interest."""
    return sha256(f"{user_id}\0{interest}".encode()).hexdigest()[:12]


def _result(by_user: dict[str, list[Interest]], refusals: Refusals, as_of: datetime) -> StageResult:
    written = [interest for user_id in sorted(by_user) for interest in by_user[user_id]]
    for interest in written:
        refusals.passed(interest.model)
    table = INTERESTS.rows(_rows(written, as_of)).sort("user_id", "interest_id")
    return StageResult(table, refusals.frame(), refusals.counts)


def _rows(written: Iterable[Interest], as_of: datetime) -> Iterable[dict[str, object]]:
    for interest in written:
        yield {
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
