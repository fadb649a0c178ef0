"""The planned path of large models: a plan of personas, an expert for each, an arbiter (RecGPT-V2, section 2.3)."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from intentrec.llm.messages import Completion, Request
from intentrec.llm.prompts import Prompt
from intentrec.tags.answers import (
    Persona,
    Picks,
    Plan,
    WrittenTags,
    picks_schema,
    picks_tokens,
    plan_schema,
    plan_tokens,
    written_schema,
    written_tokens,
)
from intentrec.tags.desk import Desk
from intentrec.tags.people import attributes_of, proposed, shown
from intentrec.tags.writing import STAGE, Proposed, Writer, settle
from intentrec.text.wording import stems

Pools = dict[str, list[Proposed]]


def plan_tags(desk: Desk, profiles: pl.DataFrame, writer: Writer) -> None:
    """Plan, write and pick the tags of every user of the desk; what passes is added to `UserInterest.written`.

    A user whose plan, experts or arbiter give no answer is left to the rules, and why is kept.
    """
    users = sorted(desk.users)
    attributes = attributes_of(profiles.filter(pl.col("user_id").is_in(users)))
    told = {user_id: shown(desk, user_id, attributes.get(user_id, "")) for user_id in users}
    pools = _written(desk, told, _planned(desk, told, writer), writer)
    _arbitrate(desk, told, pools, writer)


def _planned(desk: Desk, told: dict[str, dict[str, Any]], writer: Writer) -> list[tuple[str, Persona]]:
    """Each user and persona."""
    prompt, k = Prompt.load("intentrec.tags", "plan", desk.language), desk.config.personas
    requests = [
        Request(
            stage=STAGE,
            subject=user_id,
            prompt_version=prompt.version,
            messages=prompt.render(**values, n=k),
            answer_schema=plan_schema(len(desk.users[user_id]), k),
            max_tokens=plan_tokens(len(desk.users[user_id]), k),
        )
        for user_id, values in told.items()
    ]
    planned: list[tuple[str, Persona]] = []
    for completion in writer.model.complete(requests, Plan, writer.progress):
        if completion.value is None:
            writer.fail(completion.request.subject, completion)
        else:
            planned += [(completion.request.subject, persona) for persona in completion.value.personas]
    return planned


def _written(
    desk: Desk, told: dict[str, dict[str, Any]], planned: Sequence[tuple[str, Persona]], writer: Writer
) -> Pools:
    """What the experts wrote for each user, the same words once."""
    prompt, n = Prompt.load("intentrec.tags", "expert", desk.language), desk.config.expert_tags
    requests = [
        Request(
            stage=STAGE,
            subject=user_id,
            prompt_version=prompt.version,
            messages=prompt.render(**told[user_id], persona=persona.persona, numbers=persona.interests, n=n),
            answer_schema=written_schema(len(desk.users[user_id]), n),
            max_tokens=written_tokens(n),
        )
        for user_id, persona in planned
    ]
    pools: Pools = {}
    for (user_id, _), completion in zip(
        planned, writer.model.complete(requests, WrittenTags, writer.progress), strict=True
    ):
        if completion.value is None:
            writer.fail(user_id, completion)
        else:
            pools.setdefault(user_id, []).extend(proposed(desk, user_id, completion))
    return {user_id: _distinct(pool) for user_id, pool in pools.items()}


def _arbitrate(desk: Desk, told: dict[str, dict[str, Any]], pools: Pools, writer: Writer) -> None:
    """Let the model pick from each user's pool, and hold what it picked against the gate."""
    prompt, n = Prompt.load("intentrec.tags", "arbiter", desk.language), desk.config.max_tags
    users = sorted(user_id for user_id, pool in pools.items() if pool)
    requests = [
        Request(
            stage=STAGE,
            subject=user_id,
            prompt_version=prompt.version,
            messages=prompt.render(**told[user_id], pool=[one.tag.tag for one in pools[user_id]], n=n),
            answer_schema=picks_schema(len(pools[user_id]), n),
            max_tokens=picks_tokens(len(pools[user_id]), n),
        )
        for user_id in users
    ]

    def read(place: int, completion: Completion[Picks]) -> list[Proposed]:
        assert completion.value is not None
        pool = pools[users[place]]
        return [pool[number - 1] for number in dict.fromkeys(completion.value.picks) if 1 <= number <= len(pool)]

    settle(desk, users, writer.answers(requests, Picks, desk.config.best_of), read, writer)


def _distinct(pool: Sequence[Proposed]) -> list[Proposed]:
    kept: dict[frozenset[str], Proposed] = {}
    for one in pool:
        kept.setdefault(stems(one.tag.tag), one)
    return list(kept.values())
