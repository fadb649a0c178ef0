"""The path of small and of aligned models: one short request a group, its name and the numbers of its lines."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.interests.answers import GroupAnswer
from intentrec.interests.behaviour import Behaviour
from intentrec.interests.config import InterestsConfig
from intentrec.interests.gate import (
    refuse_lines,
    refuse_name,
    refuse_reason,
    refuse_repeat,
    refuse_similarity,
)
from intentrec.interests.group_questions import Form, GroupQuestions, Question
from intentrec.interests.reasons import told_from
from intentrec.interests.rules import Interest
from intentrec.llm.messages import Completion
from intentrec.llm.model import LanguageModel
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.text.embeddings import Embedder


class GroupNaming:
    """Asks a model to name groups, and holds its answers against the gate."""

    def __init__(
        self, behaviour: Behaviour, embedder: Embedder, config: InterestsConfig, language: str, form: Form
    ) -> None:
        self.questions = GroupQuestions(behaviour, config, language, form)
        self._behaviour = behaviour
        self._rules = behaviour.rules
        self._embedder = embedder
        self._config = config
        self._language = language
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def write(
        self, users: Sequence[str], model: LanguageModel, refusals: Refusals, progress: Progress
    ) -> dict[str, list[Interest]]:
        """Interests of these users; where an answer fails or is refused, that of the rules stands in."""
        questions = self.questions.of(users)
        completions = model.complete([self.questions.request(q) for q in questions], GroupAnswer, progress)
        offered = {name for question in questions for name in question.names}
        answered = {c.value.interest.strip() for c in completions if c.value is not None}
        self._embed(offered | answered | {q.rule.interest for q in questions})
        by_user: dict[str, list[Interest]] = {user_id: [] for user_id in users}
        for question, completion in zip(questions, completions, strict=True):
            kept = by_user[question.rule.user_id]
            interest = self._judged(question, completion, kept, refusals)
            if interest is not None:
                kept.append(interest)
        return by_user

    def written(self, question: Question, answer: GroupAnswer, model: str, prompt_version: str) -> Interest:
        """An answer as an interest, whatever the gate would say; numbers of lines that do not exist are left out."""
        rule, name = question.rule, answer.interest.strip()
        titles = self._rules.names.titles[rule.group or 0]
        clause = answer.clause.strip()
        spoken = clause and refuse_reason(clause, titles, self._config, self._language) is None
        evidence = self._evidence(rule, name, _cited(question, answer))
        reason = self._reason(rule, evidence)
        return replace(
            rule,
            interest=name,
            listed=name in self._behaviour.pool.names,
            reason=f"{reason}; {clause}" if spoken else reason,
            evidence=tuple(evidence["row"].sort().to_list()),
            model=model,
            prompt_version=prompt_version,
        )

    def _judged(
        self, question: Question, completion: Completion[GroupAnswer], kept: list[Interest], refusals: Refusals
    ) -> Interest | None:
        rule, answer, version = question.rule, completion.value, self.questions.prompt.version
        reason = self._refusal(question, answer, kept) if answer else (completion.error or "refused").partition(":")[0]
        if reason is None and answer is not None:
            return self.written(question, answer, completion.model, version)
        if reason is not None and reason != "dry-run":
            said = answer.model_dump_json() if answer else completion.error or ""
            refusals.refuse(rule.user_id, reason, said, completion.model, version)
        return None if self._repeats(rule.interest, kept) else rule

    def _refusal(self, question: Question, answer: GroupAnswer, kept: list[Interest]) -> str | None:
        name = answer.interest.strip()
        titles = self._rules.names.titles[question.rule.group or 0]
        offered = () if self.questions.free else question.names
        return (
            refuse_lines(answer.evidence, len(question.units))
            or refuse_name(name, titles, offered, self._config, self._language)
            or self._unreasonable(name, question, answer)
            or self._repeats(name, kept)
        )

    def _unreasonable(self, name: str, question: Question, answer: GroupAnswer) -> str | None:
        cited = _cited(question, answer)
        best = max(self._similarity(offered, cited) for offered in question.names)
        return refuse_similarity(self._similarity(name, cited), self._config, best)

    def _evidence(self, rule: Interest, name: str, cited: list[int]) -> pl.DataFrame:
        """Events of the lines cited, and of the group's other texts that resemble the name."""
        own = self._rules.groups.touches.filter(pl.col("group") == rule.group)
        near = np.round(self._behaviour.touches.vectors[own["unit"].to_numpy()] @ self._vector(name), 5)
        fits = pl.Series(near >= self._config.min_similarity)
        return own.filter(pl.col("unit").is_in(cited) | fits)

    def _reason(self, rule: Interest, evidence: pl.DataFrame) -> str:
        """The rules' own, of the whole group, or one that counts no more than what the name rests on."""
        if evidence.is_empty() or evidence.height == len(rule.evidence):
            return rule.reason
        return told_from(evidence, self._language)

    def _similarity(self, name: str, units: list[int]) -> float:
        return float(np.mean(self._behaviour.touches.vectors[units] @ self._vector(name)))

    def _repeats(self, name: str, kept: list[Interest]) -> str | None:
        names = [interest.interest for interest in kept]
        near = np.array([self._vector(other) for other in names], dtype=np.float32)
        return refuse_repeat(name, self._vector(name), names, near, self._config)

    def _vector(self, name: str) -> NDArray[np.float32]:
        if name not in self._vectors:
            self._embed({name})
        return self._vectors[name]

    def _embed(self, names: set[str]) -> None:
        distinct = sorted(names - self._vectors.keys())
        if distinct:
            self._vectors |= zip(distinct, self._embedder.embed(distinct), strict=True)


def _cited(question: Question, answer: GroupAnswer) -> list[int]:
    """The texts behind the lines that an answer names."""
    n_lines = len(question.units)
    return sorted({question.units[number - 1] for number in answer.evidence if 1 <= number <= n_lines})
