"""The small-model path: one short request a group, a name chosen from a shortlist, evidence by line number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.interests.answers import GroupAnswer, group_schema, group_tokens
from intentrec.interests.config import InterestsConfig
from intentrec.interests.gate import (
    refuse_lines,
    refuse_name,
    refuse_reason,
    refuse_repeat,
    refuse_similarity,
)
from intentrec.interests.naming import Pool
from intentrec.interests.rules import Interest, RuleInterests
from intentrec.interests.touches import Touches
from intentrec.llm.messages import Completion, Request
from intentrec.llm.model import LanguageModel
from intentrec.llm.prompts import Prompt
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.text.embeddings import Embedder

_STAGE = "interests"


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


class GroupNaming:
    """Asks a model to name groups, and holds its answers against the gate."""

    def __init__(
        self,
        touches: Touches,
        rules: RuleInterests,
        pool: Pool,
        embedder: Embedder,
        config: InterestsConfig,
        language: str,
    ) -> None:
        self._touches = touches
        self._rules = rules
        self._pool = pool
        self._embedder = embedder
        self._config = config
        self._language = language
        self._prompt = Prompt.load("intentrec.interests", "name" if config.free_names else "choose", language)
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def write(
        self, users: Sequence[str], model: LanguageModel, refusals: Refusals, progress: Progress
    ) -> dict[str, list[Interest]]:
        """Interests of these users; where an answer fails or is refused, that of the rules stands in."""
        questions = self.questions(users)
        completions = model.complete([self.request(q) for q in questions], GroupAnswer, progress)
        offered = {name for question in questions for name in question.names}
        answered = {c.value.interest.strip() for c in completions if c.value is not None}
        distinct = sorted(offered | answered | {q.rule.interest for q in questions})
        self._vectors = dict(zip(distinct, self._embedder.embed(distinct), strict=True)) if distinct else {}
        by_user: dict[str, list[Interest]] = {user_id: [] for user_id in users}
        for question, completion in zip(questions, completions, strict=True):
            kept = by_user[question.rule.user_id]
            interest = self._judged(question, completion, kept, refusals)
            if interest is not None:
                kept.append(interest)
        return by_user

    def questions(self, users: Sequence[str]) -> list[Question]:
        """One question for each interest that the rules found, in the order of users and weights."""
        interests = [interest for user_id in users for interest in self._rules.by_user.get(user_id, [])]
        lines = self._lines([interest.group for interest in interests if interest.group is not None])
        return [self._question(interest, *lines[interest.group or 0]) for interest in interests]

    def request(self, question: Question) -> Request:
        """The question in words, with a schema that permits its own names and lines only."""
        config, n_lines = self._config, len(question.texts)
        names = None if config.free_names else question.names
        return Request(
            stage=_STAGE,
            subject=question.rule.user_id,
            prompt_version=self._prompt.version,
            messages=self._prompt.render(lines=question.texts, names=question.names, clause=config.clause),
            answer_schema=group_schema(names, n_lines, clause=config.clause),
            max_tokens=group_tokens(names, n_lines, clause=config.clause),
        )

    def _lines(self, groups: Sequence[int]) -> dict[int, tuple[list[int], list[str]]]:
        """The strongest texts of each group."""
        ranked = (
            self._rules.groups.touches.filter(pl.col("group").is_in(sorted(groups)))
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
        group = rule.group or 0
        names, config = self._rules.names, self._config
        titles = names.titles[group]
        phrases = (p for p in names.phrases[group] if refuse_name(p, titles, (), config, self._language) is None)
        near = np.round(self._pool.vectors @ self._rules.groups.vectors[group], 5) if self._pool.names else np.zeros(0)
        pooled = [self._pool.names[i] for i in np.lexsort((np.arange(len(near)), -near))[: config.shortlist]]
        head = [rule.interest, *_first(phrases, config.shortlist // 4)]
        return list(dict.fromkeys([*head, *pooled]))[: config.shortlist]

    def _judged(
        self, question: Question, completion: Completion[GroupAnswer], kept: list[Interest], refusals: Refusals
    ) -> Interest | None:
        rule, answer = question.rule, completion.value
        reason = self._refusal(question, answer, kept) if answer else (completion.error or "refused").partition(":")[0]
        if reason is None and answer is not None:
            return self._written(question, answer, completion)
        if reason is not None and reason != "dry-run":
            said = answer.model_dump_json() if answer else completion.error or ""
            refusals.refuse(rule.user_id, reason, said, completion.model, self._prompt.version)
        return None if self._repeats(rule.interest, kept) else rule

    def _refusal(self, question: Question, answer: GroupAnswer, kept: list[Interest]) -> str | None:
        name = answer.interest.strip()
        titles = self._rules.names.titles[question.rule.group or 0]
        offered = () if self._config.free_names else question.names
        return (
            refuse_lines(answer.evidence, len(question.units))
            or refuse_name(name, titles, offered, self._config, self._language)
            or self._unreasonable(name, question, answer)
            or self._repeats(name, kept)
        )

    def _unreasonable(self, name: str, question: Question, answer: GroupAnswer) -> str | None:
        cited = self._cited(question, answer)
        best = max(self._similarity(offered, cited) for offered in question.names)
        return refuse_similarity(self._similarity(name, cited), self._config, best)

    def _written(self, question: Question, answer: GroupAnswer, completion: Completion[GroupAnswer]) -> Interest:
        rule, name = question.rule, answer.interest.strip()
        titles = self._rules.names.titles[rule.group or 0]
        clause = answer.clause.strip()
        spoken = clause and refuse_reason(clause, titles, self._config, self._language) is None
        return replace(
            rule,
            interest=name,
            listed=name in self._pool.names,
            reason=f"{rule.reason}; {clause}" if spoken else rule.reason,
            evidence=self._evidence(rule, name, self._cited(question, answer)),
            model=completion.model,
            prompt_version=self._prompt.version,
        )

    def _evidence(self, rule: Interest, name: str, cited: list[int]) -> tuple[int, ...]:
        """Events of the lines cited, and of the group's other texts that resemble the name."""
        own = self._rules.groups.touches.filter(pl.col("group") == rule.group)
        near = np.round(self._touches.vectors[own["unit"].to_numpy()] @ self._vectors[name], 5)
        fits = pl.Series(near >= self._config.min_similarity)
        return tuple(own.filter(pl.col("unit").is_in(cited) | fits)["row"].sort().to_list())

    def _cited(self, question: Question, answer: GroupAnswer) -> list[int]:
        return sorted({question.units[number - 1] for number in answer.evidence})

    def _similarity(self, name: str, units: list[int]) -> float:
        return float(np.mean(self._touches.vectors[units] @ self._vectors[name]))

    def _repeats(self, name: str, kept: list[Interest]) -> str | None:
        names = [interest.interest for interest in kept]
        near = np.array([self._vectors[other] for other in names], dtype=np.float32)
        return refuse_repeat(name, self._vectors[name], names, near, self._config)


def _first(phrases: Iterator[str], n: int) -> list[str]:
    return [phrase for phrase, _ in zip(phrases, range(n), strict=False)]


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()
