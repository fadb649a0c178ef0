"""The questions of the writing stages as data, the same for every stage: what alignment trains on and benchmarks ask.

A question is made by the code that asks it in production, so that training and serving see the same words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl
from pydantic import BaseModel

from intentrec.explanations.candidates import candidates
from intentrec.explanations.choosing import FEWEST, choosing_request, shuffled
from intentrec.explanations.composing import COMPOSED, composing_request
from intentrec.explanations.pairs import PACKAGE, Pair, Sentence
from intentrec.explanations.write import explanation_row, known_pairs
from intentrec.interests.answers import GroupAnswer
from intentrec.interests.behaviour import Behaviour, read_behaviour
from intentrec.interests.by_group import GroupNaming
from intentrec.interests.group_questions import Question as GroupQuestion
from intentrec.interests.infer import interest_row
from intentrec.judge.cases import Case, Tables
from intentrec.judge.criteria import Task
from intentrec.llm import Request
from intentrec.llm.prompts import Prompt
from intentrec.pipeline.chain import Tools, make_catalogue, make_profiles, period_start, with_roles
from intentrec.pipeline.inputs import Inputs
from intentrec.pipeline.judge_inputs import cases_of
from intentrec.pipeline.reasons import explainable_pairs, interest_reach
from intentrec.stages import Refusals
from intentrec.tables import EXPLANATIONS, INTERESTS, TAGS
from intentrec.tags.answers import ChosenTags
from intentrec.tags.by_interest import tags_of
from intentrec.tags.desk import Desk, open_desk
from intentrec.tags.interest_questions import InterestQuestions
from intentrec.tags.interest_questions import Question as InterestQuestion
from intentrec.tags.predict import finish
from intentrec.tags.rows import Ranked, tag_rows
from intentrec.text.wording import month_name

Form = Literal["tuned", "writing", "choosing"]
Stage = Literal["interests", "tags", "explanations"]
Rows = list[dict[str, object]]
STAGES: tuple[Stage, ...] = ("interests", "tags", "explanations")
TASK_OF: dict[Stage, Task] = {"interests": "interest", "tags": "tag", "explanations": "explanation"}
_TABLE_OF = {"interests": INTERESTS, "tags": TAGS, "explanations": EXPLANATIONS}
_ITEMS_A_CATEGORY = 3


@dataclass(frozen=True)
class Asked:
    """One question of a stage.

    Attributes:
        request: What the stage would send in this form.
        user_id: Whom it is about; None for explanations.
        item_id: What it is about; None but for explanations.
        by_rules: Answers of the rules to this very question, as the grammar would write them; for explanations every
            sentence that the rules would offer, the most telling first.
        rows: From a value, the model and its prompt version to the rows that the stage would store if it had no gate.
    """

    stage: Stage
    request: Request
    answer_type: type[BaseModel]
    user_id: str | None
    item_id: str | None
    by_rules: tuple[str, ...]
    rows: Callable[[BaseModel, str, str], Rows]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells questions apart."""
        return self.stage, self.request.subject, self.request.messages


def compact(answer: BaseModel) -> str:
    """An answer as the grammar writes it: JSON without spaces, with the fields that were given."""
    return answer.model_dump_json(exclude_unset=True)


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
        config = self.tools.config
        naming = GroupNaming(
            self.behaviour, self.tools.embedder, with_roles(config.interests, config), config.language, form
        )
        for question in naming.questions.of(self.users):
            ruled = naming.questions.by_rules(question, self.tools.embedder)
            yield Asked(
                stage="interests",
                request=naming.questions.request(question),
                answer_type=GroupAnswer,
                user_id=question.rule.user_id,
                item_id=None,
                by_rules=() if ruled is None else (compact(ruled),),
                rows=self._interest_rows(naming, question),
            )

    def _interest_rows(self, naming: GroupNaming, question: GroupQuestion) -> Callable[[BaseModel, str, str], Rows]:
        def rows(value: BaseModel, model: str, prompt_version: str) -> Rows:
            answer = GroupAnswer.model_validate(value)
            return [interest_row(naming.written(question, answer, model, prompt_version), self.inputs.as_of)]

        return rows

    def _tags(self, form: Form) -> Iterator[Asked]:
        if self.interests.is_empty():
            return
        asking = InterestQuestions(self.desk, form)
        for user_id in (user_id for user_id in self.users if user_id in self.desk.users):
            for place, question in enumerate(asking.of(user_id)):
                ruled = asking.by_rules(question)
                yield Asked(
                    stage="tags",
                    request=asking.request(question),
                    answer_type=ChosenTags,
                    user_id=user_id,
                    item_id=None,
                    by_rules=() if ruled is None else (compact(ruled),),
                    rows=self._tag_rows(question, place),
                )

    def _tag_rows(self, question: InterestQuestion, place: int) -> Callable[[BaseModel, str, str], Rows]:
        first = 1 + place * self.tools.config.tags.chosen

        def rows(value: BaseModel, model: str, prompt_version: str) -> Rows:
            tags = tags_of(self.desk, question, ChosenTags.model_validate(value), model, prompt_version)
            ranked: list[Ranked] = [
                (question.user_id, rank, question.interest, tag) for rank, tag in enumerate(tags, start=first)
            ]
            return tag_rows(ranked, self.desk, self.inputs.as_of)

        return rows

    def _explanations(self, form: Form) -> Iterator[Asked]:
        config, month = self.tools.config, month_name(self.inputs.as_of, self.tools.config.language)
        prompt = Prompt.load(PACKAGE, "choose" if form == "choosing" else COMPOSED[form], config.language)
        brands = self.inputs.brands()
        for pair in self.pairs:
            offers = candidates(pair, config.explanations, config.language, brands)
            if form != "choosing":
                yield self._explanation(pair, offers, composing_request(pair, prompt, month))
            elif len(offers) >= FEWEST:
                yield self._explanation(pair, offers, choosing_request(pair, shuffled(offers, pair), prompt, month))

    def _explanation(self, pair: Pair, offers: Sequence[str], request: Request) -> Asked:
        def rows(value: BaseModel, model: str, prompt_version: str) -> Rows:
            text = Sentence.model_validate(value).text.strip()
            return [explanation_row(pair, (text, model, prompt_version), self.inputs.as_of)]

        return Asked(
            stage="explanations",
            request=request,
            answer_type=Sentence,
            user_id=None,
            item_id=pair.item_id,
            by_rules=tuple(compact(Sentence(text=text)) for text in offers),
            rows=rows,
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
