"""What all model paths share: the gate that every tag of a model passes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from intentrec.stages import Refusals
from intentrec.tags.desk import Desk
from intentrec.tags.gate import refuse_again, refuse_relevance, refuse_wording
from intentrec.tags.selection import Tag, UserInterest

STAGE = "tags"


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

    def judge(self, tag: Tag, interest: UserInterest, said: str) -> bool:
        """Whether a tag passes: then it joins what a model wrote for the interest, else it is kept as refused."""
        reason = self.refusal(tag.tag, interest)
        if reason is None:
            self._kept.append(tag.tag)
            interest.written.append(tag)
        else:
            self._refusals.refuse(self._user_id, reason, said, tag.model, tag.prompt_version)
        return reason is None

    def refusal(self, tag: str, interest: UserInterest) -> str | None:
        """The rule that refuses a tag for an interest, or None."""
        desk, vector = self._desk, self._vectors[tag]
        similarity = float(desk.candidates.vectors[interest.row] @ vector)
        kept = np.array([self._vectors[other] for other in self._kept], dtype=np.float32)
        return (
            refuse_wording(tag, desk.brands, desk.book.scripts, desk.config, desk.language)
            or refuse_relevance(similarity, desk.config)
            or refuse_again("recent", tag, vector, self._recent, self._recent_vectors, desk.config)
            or refuse_again("repeats", tag, vector, self._kept, kept, desk.config)
        )


def failed(error: str | None) -> str | None:
    """The word under which a request without an answer is counted; None where nothing was asked."""
    word = (error or "refused").partition(":")[0]
    return None if word == "dry-run" else word
