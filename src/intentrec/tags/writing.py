"""What all model paths share: who writes, and the gate that every tag of a model passes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from intentrec.errors import ConfigError
from intentrec.llm.messages import A, Completion, Request
from intentrec.llm.model import LanguageModel
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.tags.desk import Desk
from intentrec.tags.gate import refuse_again, refuse_relevance, refuse_wording
from intentrec.tags.selection import Tag, UserInterest

STAGE = "tags"


class Proposed(NamedTuple):
    """One tag that a model wrote, before the gate.

    Attributes:
        interest: Which it serves; None where the model named one that does not exist.
        said: The model's words, kept where the tag is refused.
    """

    tag: Tag
    interest: UserInterest | None
    said: str


Scorer = Callable[[str, Sequence[Proposed]], float]
"""How good one answer is, from the user and its tags; of several answers to a question the best is taken."""
Draw = Callable[[int], LanguageModel]
"""The model that gives the n-th further answer to a question, n from 1."""


@dataclass(frozen=True)
class Writer:
    """Who writes, and where what does not pass is kept.

    Attributes:
        draw: Gives further answers where `TagsConfig.best_of` wants them.
        scorer: Chooses among them; None counts the tags that pass the gate.
    """

    model: LanguageModel
    refusals: Refusals
    progress: Progress
    draw: Draw | None = None
    scorer: Scorer | None = None

    def answers(self, requests: Sequence[Request], answer: type[A], best_of: int) -> list[list[Completion[A]]]:
        """For each request so many answers: the model's own, then those drawn.

        Raises:
            ConfigError: Several are wanted, and nothing was given that draws them.
        """
        if best_of > 1 and self.draw is None:
            raise ConfigError(f"tags.best_of is {best_of}, but nothing here draws further answers. Set it to 1.")
        told = [self.model.complete(requests, answer, self.progress)]
        if self.draw is not None:
            told += [self.draw(n).complete(requests, answer, self.progress) for n in range(1, best_of)]
        return [list(options) for options in zip(*told, strict=True)]

    def fail(self, subject: str, completion: Completion[Any]) -> None:
        """Keep why there is no answer; that a dry run asked nothing is no failure."""
        word = (completion.error or "refused").partition(":")[0]
        if word != "dry-run":
            version = completion.request.prompt_version
            self.refusals.refuse(subject, word, completion.error or "", completion.model, version)


class Judge:
    """Holds the tags of one user against the gate, in the order in which they come."""

    def __init__(
        self, desk: Desk, user_id: str, vectors: Mapping[str, NDArray[np.float32]], refusals: Refusals
    ) -> None:
        self._desk = desk
        self._user_id = user_id
        self._vectors = vectors
        self._refusals = refusals
        recent = sorted(desk.recent.get(user_id, frozenset()))
        self._recent = [desk.book.phrases[phrase] for phrase in recent]
        self._recent_vectors = desk.book.vectors[recent]
        self._kept: list[str] = []

    def judge(self, proposed: Proposed) -> None:
        """What passes joins what a model wrote for its interest, the rest is kept as refused."""
        tag, interest, said = proposed
        reason = self._refusal(tag.tag, interest, self._kept) if interest else "unknown-interest"
        if interest is None or reason is not None:
            self._refusals.refuse(self._user_id, reason or "", said, tag.model, tag.prompt_version)
            return
        self._kept.append(tag.tag)
        interest.written.append(tag)

    def passing(self, proposed: Sequence[Proposed]) -> int:
        """How many of these tags would pass; nothing is kept."""
        kept = list(self._kept)
        for tag, interest, _ in proposed:
            if interest is not None and self._refusal(tag.tag, interest, kept) is None:
                kept.append(tag.tag)
        return len(kept) - len(self._kept)

    def _refusal(self, tag: str, interest: UserInterest, kept: Sequence[str]) -> str | None:
        """The rule that refuses a tag for an interest, or None."""
        desk, vector = self._desk, self._vectors[tag]
        similarity = float(desk.candidates.vectors[interest.row] @ vector)
        before = np.array([self._vectors[other] for other in kept], dtype=np.float32)
        return (
            refuse_wording(tag, desk.brands, desk.book.scripts, desk.config, desk.language)
            or refuse_relevance(similarity, desk.config)
            or refuse_again("recent", tag, vector, self._recent, self._recent_vectors, desk.config)
            or refuse_again("repeats", tag, vector, kept, before, desk.config)
        )


def settle(
    desk: Desk,
    subjects: Sequence[str],
    answers: Sequence[Sequence[Completion[A]]],
    read: Callable[[int, Completion[A]], list[Proposed]],
    writer: Writer,
) -> None:
    """Take the best answer to each question and hold it against the gate; why there is none is kept.

    Args:
        desk: The desk.
        subjects: The user of each question.
        answers: One or several answers to each.
        read: From the number of a question and an answer with a value to its tags.
        writer: Who wrote.
    """
    proposals = [[read(n, one) for one in options if one.value is not None] for n, options in enumerate(answers)]
    vectors = desk.vectors(one.tag.tag for told in proposals for option in told for one in option)
    judges = {user_id: Judge(desk, user_id, vectors, writer.refusals) for user_id in set(subjects)}
    for user_id, options, told in zip(subjects, answers, proposals, strict=True):
        if not told:
            writer.fail(user_id, options[0])
            continue
        for proposed in _best(told, user_id, judges[user_id], writer.scorer):
            judges[user_id].judge(proposed)


def _best(told: list[list[Proposed]], user_id: str, judge: Judge, scorer: Scorer | None) -> list[Proposed]:
    """The answer with the highest score, of equals the first."""
    if len(told) == 1:
        return told[0]
    return max(told, key=judge.passing if scorer is None else lambda option: scorer(user_id, option))
