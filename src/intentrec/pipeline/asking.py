"""The questions of the writing stages as data, the same for every stage: what alignment trains on and benchmarks ask.

A question is made by the code that asks it in production, so that training and serving see the same words.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import polars as pl
from pydantic import BaseModel

from intentrec.alignment.samples import compact
from intentrec.explanations.pairs import Pair
from intentrec.explanations.write import known_pairs
from intentrec.interests.behaviour import Behaviour, read_behaviour
from intentrec.interests.by_group import GroupNaming
from intentrec.interests.infer import interest_row
from intentrec.judge.cases import Case, Tables
from intentrec.judge.criteria import Task
from intentrec.llm.config import Stage
from intentrec.pipeline.asked import (
    Asked,
    Form,
    asked_explanations,
    asked_interests,
    asked_tags,
)
from intentrec.pipeline.chain import Tools, make_catalogue, make_profiles, period_start, with_roles
from intentrec.pipeline.inputs import Inputs
from intentrec.pipeline.judge_inputs import cases_of
from intentrec.pipeline.reasons import explainable_pairs, interest_reach
from intentrec.stages import Refusals
from intentrec.tables import EXPLANATIONS, INTERESTS, TAGS
from intentrec.tags.desk import Desk, open_desk
from intentrec.tags.predict import finish

__all__ = ["STAGES", "TASK_OF", "Asked", "Asking", "Form", "Stage", "compact"]

STAGES: tuple[Stage, ...] = ("interests", "tags", "explanations")
TASK_OF: dict[Stage, Task] = {"interests": "interest", "tags": "tag", "explanations": "explanation"}
_TABLE_OF = {"interests": INTERESTS, "tags": TAGS, "explanations": EXPLANATIONS}
_ITEMS_A_CATEGORY = 3


class Asking:
    """The questions of some users as of one time; what they rest on is computed at the first need of it, once.

    Attributes:
        catalogue: `CATALOGUE`.
        profiles: `PROFILES` of the users.
    """

    def __init__(
        self,
        tools: Tools,
        inputs: Inputs,
        users: Sequence[str],
        catalogue: pl.DataFrame,
        pool: pl.DataFrame,
        profiles: pl.DataFrame,
        given: Mapping[str, pl.DataFrame],
    ) -> None:
        self.tools = tools
        self.inputs = inputs
        self.users = tuple(users)
        self.catalogue = catalogue
        self.profiles = profiles
        self._pool = pool
        self._given = given

    @classmethod
    def prepare(
        cls, tools: Tools, inputs: Inputs, users: Sequence[str], *, tables: Mapping[str, pl.DataFrame] | None = None
    ) -> "Asking":
        """The questions of these users as of the inputs' time; no language model is asked.

        Args:
            tools: Settings and embedder; the model is not used.
            inputs: What was known at the time; only this reaches a question.
            users: In the order in which they are asked about.
            tables: What is there already, by name: catalogue and pool together, profiles, interests, tags,
                recommendations (whose pairs explanations are then asked about). The rest is made by rules.
        """
        given = dict(tables or {})
        if not {"catalogue", "pool"} <= given.keys():
            made = make_catalogue(tools, inputs)
            given |= {"catalogue": made.catalogue, "pool": made.pool}
        if "profiles" not in given:
            given["profiles"] = make_profiles(tools, inputs, given["catalogue"]).table
        profiles = given["profiles"].filter(pl.col("user_id").is_in(list(users)))
        return cls(tools, inputs, users, given["catalogue"], given["pool"], profiles, given)

    def asked(self, stage: Stage, form: Form) -> list[Asked]:
        """The stage's questions in one form: users in their order, pairs needed most often first."""
        if stage == "tags" and self.interests.is_empty():
            return []
        makers = {"interests": self._interests, "tags": self._tags, "explanations": self._explanations}
        return list(makers[stage](form))

    def judge_tables(self, stage: Stage, rows: Sequence[dict[str, object]]) -> Tables:
        """Tables in which these rows stand in the place of the stage's own.

        `cases_of` then makes one case a row, in their order. Rows of rival answers to one question must not stand in
        the same tables: each would be a repeat of the other. `cases` keeps them apart.
        """
        frames = {"interests": self.interests, "tags": self.tags, "explanations": EXPLANATIONS.empty()}
        frames[stage] = _TABLE_OF[stage].rows(rows)
        items, events = self.inputs.items, self.inputs.events
        return Tables(items=items, events=events, catalogue=self.catalogue, **frames, as_of=self.inputs.as_of)

    def cases(self, answers: Sequence[tuple[Asked, BaseModel, str, str]]) -> list[list[Case]]:
        """What the judge judges of each answer, given as question, value, model and prompt version, of one stage.

        A question may be answered several times; answers are judged beside those that stand in the same place of the
        order for other questions.
        """
        found: list[list[Case]] = [[] for _ in answers]
        for turn in _turns([asked.key for asked, *_ in answers]):
            rows = [answers[n][0].rows(*answers[n][1:]) for n in turn]
            stage = answers[turn[0]][0].stage
            tables = self.judge_tables(stage, [row for mine in rows for row in mine])
            cases = iter(cases_of(TASK_OF[stage], getattr(tables, stage), tables, self.tools.config))
            for n, mine in zip(turn, rows, strict=True):
                found[n] = [next(cases) for _ in mine]
        return found

    @cached_property
    def behaviour(self) -> Behaviour:
        """Touches, groups and interests by rules of the users."""
        config = self.tools.config
        return read_behaviour(
            self.profiles, config.events.weigh(self.inputs.events), self.catalogue, self._pool, self.tools.embedder,
            with_roles(config.interests, config), config.language, self.inputs.as_of,
        )  # fmt: skip

    @cached_property
    def interests(self) -> pl.DataFrame:
        """`INTERESTS` of the users, by rules unless they were given."""
        if "interests" in self._given:
            return self._given["interests"].filter(pl.col("user_id").is_in(list(self.users)))
        found = (interest for mine in self.behaviour.rules.by_user.values() for interest in mine)
        rows = INTERESTS.rows(interest_row(interest, self.inputs.as_of) for interest in found)
        return rows.sort("user_id", "interest_id")

    @cached_property
    def desk(self) -> Desk:
        """The phrases and the users' interests as stage 3 meets them."""
        config, inputs = self.tools.config, self.inputs
        return open_desk(
            self.profiles, self.interests, inputs.events, self.catalogue, self.tools.embedder,
            with_roles(config.tags, config), config.language, inputs.as_of, inputs.brands(),
            period_start(config, inputs),
        )  # fmt: skip

    @cached_property
    def tags(self) -> pl.DataFrame:
        """`TAGS` of the users, by rules unless they were given."""
        if "tags" in self._given:
            return self._given["tags"].filter(pl.col("user_id").is_in(list(self.users)))
        if self.interests.is_empty():
            return TAGS.empty()
        return finish(self.desk, Refusals("tags", self.inputs.as_of), self.inputs.as_of).table

    @cached_property
    def pairs(self) -> list[Pair]:
        """Interest and item: those of recommendations that were given, else the items that most touched lately.

        The latter are up to three of each category that the tags of an interest lead to.
        """
        shown = self._given.get("recommendations")
        rows = self._popular_pairs() if shown is None else self._shown_pairs(shown)
        counted = rows.group_by("interest", "item_id").agg(n=pl.len())
        return known_pairs(counted, self.catalogue)

    def _shown_pairs(self, recommendations: pl.DataFrame) -> pl.DataFrame:
        own = pl.col("user_id").is_in(list(self.users)) & (pl.col("rank") <= self.tools.config.run.explained_k)
        return explainable_pairs(recommendations.filter(own), self.tags, self.catalogue)

    def _popular_pairs(self) -> pl.DataFrame:
        wished = self.inputs.events.filter(pl.col("event").is_in(self.tools.config.events.named("intent")))
        items = (
            self.catalogue.select("item_id", "category")
            .join(wished.group_by("item_id").agg(n=pl.len()), on="item_id")
            .sort("category", "n", "item_id", descending=[False, True, False])
            .group_by("category", maintain_order=True)
            .head(_ITEMS_A_CATEGORY)
        )
        named = self.interests.select("user_id", "interest_id", "interest")
        reach = interest_reach(self.interests, self.tags).join(named, on=["user_id", "interest_id"])
        return reach.join(items, on="category").select("interest", "item_id")

    def _interests(self, form: Form) -> Iterator[Asked]:
        config, embedder = self.tools.config, self.tools.embedder
        section = with_roles(config.interests, config)
        naming = GroupNaming(self.behaviour, embedder, section, config.language, form)
        return asked_interests(naming, self.users, embedder, self.inputs.as_of)

    def _tags(self, form: Form) -> Iterator[Asked]:
        return asked_tags(self.desk, self.users, form, self.inputs.as_of)

    def _explanations(self, form: Form) -> Iterator[Asked]:
        config = self.tools.config
        return asked_explanations(
            self.pairs, config.explanations, config.language, self.inputs.brands(), form, self.inputs.as_of
        )


def _turns(keys: Sequence[object]) -> list[list[int]]:
    """Places of the first answer to every question, of the second, and so on."""
    turns: list[list[int]] = []
    told: dict[object, int] = {}
    for place, key in enumerate(keys):
        turn = told.get(key, 0)
        told[key] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(place)
    return turns
