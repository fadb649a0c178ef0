"""The large-model path: one request a user, with the whole compressed profile (RecGPT-V1, section 2.1.2)."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.interests.answers import HistoryAnswer, HistoryInterest, history_schema, history_tokens
from intentrec.interests.behaviour import Behaviour
from intentrec.interests.config import InterestsConfig
from intentrec.interests.gate import (
    refuse_lines,
    refuse_name,
    refuse_reason,
    refuse_repeat,
    refuse_similarity,
    refuse_support,
    refuse_texts,
)
from intentrec.interests.group_questions import STAGE
from intentrec.interests.reasons import told_from
from intentrec.interests.rules import Interest
from intentrec.llm.messages import Completion, Request
from intentrec.llm.model import LanguageModel
from intentrec.llm.prompts import Prompt
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.text.embeddings import Embedder


class HistoryReading:
    """Asks a model for the interests of whole histories, and holds its answers against the gate."""

    def __init__(
        self,
        profiles: pl.DataFrame,
        behaviour: Behaviour,
        embedder: Embedder,
        config: InterestsConfig,
        language: str,
    ) -> None:
        self._profiles = profiles
        self._touches = behaviour.touches
        self._rules = behaviour.rules
        self._pool = behaviour.pool
        self._embedder = embedder
        self._config = config
        self._language = language
        self._prompt = Prompt.load("intentrec.interests", "history", language)
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def write(
        self, users: Sequence[str], model: LanguageModel, refusals: Refusals, progress: Progress
    ) -> dict[str, list[Interest]]:
        """Interests of these users; the rules' own fill up where too few answers pass."""
        profiles = self._profiles.filter(pl.col("user_id").is_in(users)).sort("user_id")
        requests = self.requests(profiles)
        completions = model.complete(requests, HistoryAnswer, progress)
        named = {i.interest.strip() for c in completions if c.value for i in c.value.interests}
        ruled = {i.interest for request in requests for i in self._rules.by_user.get(request.subject, [])}
        distinct = sorted(named | ruled)
        self._vectors = dict(zip(distinct, self._embedder.embed(distinct), strict=True)) if distinct else {}
        own = self._touches.frame.filter(pl.col("user_id").is_in(users)).partition_by("user_id", as_dict=True)
        empty = self._touches.frame.clear()
        n_lines = profiles["lines"].list.len().to_list()
        return {
            c.request.subject: self._judged(c, own.get((c.request.subject,), empty), n, refusals)
            for c, n in zip(completions, n_lines, strict=True)
        }

    def requests(self, profiles: pl.DataFrame) -> list[Request]:
        """One request for each profile."""
        candidates = self._candidates()
        return [self._request(profile, candidates.get(profile["user_id"], [])) for profile in profiles.to_dicts()]

    def _request(self, profile: dict[str, object], candidates: list[str]) -> Request:
        lines = [str(line["text"]) for line in profile["lines"]]  # type: ignore[attr-defined]
        messages = self._prompt.render(
            attributes=attributes_of(str(profile["text"]), lines),
            lines=lines,
            candidates=candidates,
            max_interests=self._config.max_interests,
        )
        return Request(
            stage=STAGE,
            subject=str(profile["user_id"]),
            prompt_version=self._prompt.version,
            messages=messages,
            answer_schema=history_schema(len(lines), self._config.max_interests),
            max_tokens=history_tokens(self._config.max_interests),
        )

    def _candidates(self) -> dict[str, list[str]]:
        """The pre-matched pool: of each user's groups the nearest interests of the pool, taken in turn."""
        groups, limit = self._rules.groups, self._config.pool_candidates
        if not self._pool.names or not limit:
            return {}
        near = np.round(groups.vectors @ self._pool.vectors.T, 5)
        order = np.argsort(-near, axis=1, kind="stable")[:, :limit]
        taken: dict[str, list[list[str]]] = {}
        for user_id, ranked in zip(groups.frame["user_id"], order, strict=True):
            taken.setdefault(user_id, []).append([self._pool.names[i] for i in ranked])
        return {
            user_id: list(dict.fromkeys(name for turn in zip(*lists, strict=True) for name in turn))[:limit]
            for user_id, lists in taken.items()
        }

    def _judged(
        self, completion: Completion[HistoryAnswer], own: pl.DataFrame, n_lines: int, refusals: Refusals
    ) -> list[Interest]:
        user_id, version = completion.request.subject, self._prompt.version
        ruled = self._rules.by_user.get(user_id, [])
        if completion.value is None:
            word = (completion.error or "refused").partition(":")[0]
            if word != "dry-run":
                refusals.refuse(user_id, word, completion.error or "", completion.model, version)
            return ruled
        kept: list[Interest] = []
        for said in completion.value.interests:
            found = self._read(said, own, n_lines, kept, completion.model)
            if isinstance(found, Interest):
                kept.append(found)
            else:
                refusals.refuse(user_id, found, said.model_dump_json(), completion.model, version)
        return self._filled(kept[: self._config.max_interests], ruled)

    def _read(
        self, said: HistoryInterest, own: pl.DataFrame, n_lines: int, kept: list[Interest], model: str
    ) -> Interest | str:
        """The interest, or the rule that refuses it."""
        config, name = self._config, said.interest.strip()
        titles = own["text"].unique().sort().to_list()
        refused = refuse_lines(said.evidence, n_lines) or refuse_name(
            name, titles, self._pool.names, config, self._language
        )
        if refused:
            return refused
        evidence, nearest = self._evidence(name, own, said.evidence)
        refused = (
            refuse_similarity(nearest, config)
            or refuse_texts(evidence["text"].unique().to_list(), config)
            or self._unsupported(evidence)
            or self._repeats(name, kept)
        )
        return refused or self._written(said, evidence, own, model)

    def _evidence(self, name: str, own: pl.DataFrame, numbers: Sequence[int]) -> tuple[pl.DataFrame, float]:
        """Events of the lines cited whose texts resemble the interest, and the cosine of the nearest of them.

        A line stands for everything of one basket or day; only what resembles the interest is evidence.
        """
        cited = own.filter(pl.col("line").is_in([number - 1 for number in numbers]))
        near = np.round(self._touches.vectors[cited["unit"].to_numpy()] @ self._vectors[name], 5)
        return cited.filter(pl.Series(near >= self._config.min_similarity)), float(max(near, default=-1.0))

    def _unsupported(self, evidence: pl.DataFrame) -> str | None:
        return refuse_support(evidence.height, evidence["timestamp"].dt.date().n_unique(), self._config)

    def _written(self, said: HistoryInterest, evidence: pl.DataFrame, own: pl.DataFrame, model: str) -> Interest:
        name, reason = said.interest.strip(), said.reason.strip()
        titles = evidence["text"].unique(maintain_order=True).to_list()
        if refuse_reason(reason, titles, self._config, self._language):
            reason = told_from(evidence, self._language)
        return Interest(
            user_id=own["user_id"][0],
            interest=name,
            listed=name in self._pool.names,
            stage=said.stage,
            reason=reason,
            evidence=tuple(evidence["row"].sort().to_list()),
            weight=round(float(evidence["strength"].sum()) / float(own["strength"].sum()), 9),
            model=model,
            prompt_version=self._prompt.version,
        )

    def _filled(self, kept: list[Interest], ruled: list[Interest]) -> list[Interest]:
        for interest in ruled:
            if len(kept) >= self._config.min_interests:
                break
            if self._repeats(interest.interest, kept) is None:
                kept = [*kept, interest]
        return kept

    def _repeats(self, name: str, kept: list[Interest]) -> str | None:
        names = [interest.interest for interest in kept]
        near = np.array([self._vectors[other] for other in names], dtype=np.float32)
        return refuse_repeat(name, self._vectors[name], names, near, self._config)


def attributes_of(text: str, lines: Sequence[str]) -> str:
    """What stands in a profile before its first numbered line."""
    head = text.partition(lines[0])[0] if lines else text
    return head.rstrip().removesuffix("1.").strip()
