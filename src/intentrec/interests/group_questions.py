"""One short question a group: the lines that a model sees, the names it is shown, and the answer it may give."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
import polars as pl

from intentrec.interests.answers import GroupAnswer, group_schema, group_tokens
from intentrec.interests.behaviour import Behaviour
from intentrec.interests.config import InterestsConfig
from intentrec.interests.gate import refuse_name
from intentrec.interests.rules import Interest
from intentrec.llm.messages import Request
from intentrec.llm.prompts import Prompt
from intentrec.text.embeddings import Embedder

STAGE = "interests"
Form = Literal["tuned", "writing", "choosing"]
_PROMPTS: dict[Form, str] = {"tuned": "tuned", "writing": "name", "choosing": "choose"}


@dataclass(frozen=True)
class Question:
    """One group as a model sees it.

    Attributes:
        rule: What the rules made of the group; it stands in when the answer is refused.
        units: The text (index in `Touches.texts`) behind each line.
        texts: The lines.
        names: The shortlist, in the order it is shown.
    """

    rule: Interest
    units: list[int]
    texts: list[str]
    names: list[str]


class GroupQuestions:
    """The questions about groups in one form.

    Attributes:
        free: Whether a model names a group in its own words instead of choosing one of the names.
        prompt: The file that the questions are rendered from.
    """

    def __init__(self, behaviour: Behaviour, config: InterestsConfig, language: str, form: Form) -> None:
        self.free = form != "choosing"
        self.prompt = Prompt.load("intentrec.interests", _PROMPTS[form], language)
        self._behaviour = behaviour
        self._config = config
        self._language = language
        self._clause = config.clause and form != "tuned"

    def of(self, users: Sequence[str]) -> list[Question]:
        """One question for each interest that the rules found, in the order of users and weights."""
        interests = [i for user_id in users for i in self._behaviour.rules.by_user.get(user_id, [])]
        lines = self._lines([interest.group for interest in interests if interest.group is not None])
        return [self._question(interest, *lines[interest.group or 0]) for interest in interests]

    def request(self, question: Question) -> Request:
        """The question in words, with a schema of its own lines, and of its own names where they are the choice."""
        n_lines, names = len(question.texts), None if self.free else question.names
        values = {"lines": question.texts, "names": question.names, "clause": self._clause}
        return Request(
            stage=STAGE,
            subject=question.rule.user_id,
            prompt_version=self.prompt.version,
            messages=self.prompt.render(**values),
            answer_schema=group_schema(names, n_lines, clause=self._clause),
            max_tokens=group_tokens(names, n_lines, clause=self._clause),
        )

    def by_rules(self, question: Question, embedder: Embedder) -> GroupAnswer | None:
        """What the rules would answer: their name, and the lines that resemble it, all of them where none does.

        None where a clause is asked for: rules write none.
        """
        if self._clause:
            return None
        vector = embedder.embed([question.rule.interest])[0]
        near = np.round(self._behaviour.touches.vectors[question.units] @ vector, 5) >= self._config.min_similarity
        lines = np.flatnonzero(near) if near.any() else np.arange(len(near))
        return GroupAnswer(interest=question.rule.interest, evidence=[int(line) + 1 for line in lines])

    def _lines(self, groups: Sequence[int]) -> dict[int, tuple[list[int], list[str]]]:
        """The strongest texts of each group."""
        ranked = (
            self._behaviour.rules.groups.touches.filter(pl.col("group").is_in(sorted(groups)))
            .group_by("group", "unit", "text")
            .agg(score=pl.col("strength").sum().round(6))
            .sort("group", "score", "unit", descending=[False, True, False])
            .group_by("group", maintain_order=True)
            .agg(pl.col("unit", "text").head(self._config.group_lines))
        )
        return {group: (units, texts) for group, units, texts in ranked.iter_rows()}

    def _question(self, rule: Interest, units: list[int], texts: list[str]) -> Question:
        # A fixed place for the nearest name would let a model pass by always taking it: the order is shuffled by hash.
        names = sorted(self._shortlist(rule), key=lambda name: _hash(rule.user_id, rule.interest, name))
        return Question(rule, units, texts, names)

    def _shortlist(self, rule: Interest) -> list[str]:
        """The rules' own name, the group's key phrases that pass the gate, and the nearest names of the pool."""
        group, pool, rules, config = rule.group or 0, self._behaviour.pool, self._behaviour.rules, self._config
        titles = rules.names.titles[group]
        phrases = (p for p in rules.names.phrases[group] if refuse_name(p, titles, (), config, self._language) is None)
        near = np.round(pool.vectors @ rules.groups.vectors[group], 5) if pool.names else np.zeros(0)
        pooled = [pool.names[i] for i in np.lexsort((np.arange(len(near)), -near))[: config.shortlist]]
        head = [rule.interest, *_first(phrases, config.shortlist // 4)]
        return list(dict.fromkeys([*head, *pooled]))[: config.shortlist]


def _first(phrases: Iterator[str], n: int) -> list[str]:
    return [phrase for phrase, _ in zip(phrases, range(n), strict=False)]


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
