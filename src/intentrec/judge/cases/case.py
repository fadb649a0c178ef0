"""What is judged: one output of a stage, with all that whoever judges it may see."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from intentrec.judge.criteria import Task


def case_id(task: str, user_id: str | None, item_id: str | None, interest: str | None, text: str) -> str:
    """Which thing was judged: equal for the same words about the same user, item and interest.

    Only what the task depends on counts: an explanation is the same whoever sees it, an interest has no item.
    """
    about = {"interest": (user_id,), "tag": (user_id, interest), "explanation": (item_id, interest)}.get(task, ())
    named = "\0".join([task, *(part or "" for part in about), text])
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Touch:
    """One thing a user did.

    Attributes:
        text: Name of the item, or the words of a search.
    """

    timestamp: datetime
    event: str
    text: str


@dataclass(frozen=True)
class Case:
    """One output; the task's own class adds what it is held against.

    Attributes:
        interest: The interest, or the one that a tag or an explanation belongs to.
        text: What is judged.
        reason: Why the stage wrote it; "" for explanations.
        writer: The model that wrote it; "none" where no language model did.
        prompt_version: Of what wrote it.
        as_of: What was known before this time could be used.
    """

    user_id: str | None
    item_id: str | None
    interest: str
    text: str
    reason: str
    writer: str
    prompt_version: str
    as_of: datetime

    @property
    def task(self) -> Task:
        """What kind of output it is."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """See `case_id`."""
        return case_id(self.task, self.user_id, self.item_id, self.interest, self.text)

    @property
    def subject(self) -> str:
        """The user or item it is about: what an erasure looks for in the ledger."""
        return self.user_id or self.item_id or ""


@dataclass(frozen=True)
class InterestCase(Case):
    """One interest.

    Attributes:
        listed: Whether its name stands in the pool.
        evidence: The events it rests on, oldest first.
        n_missing: Rows that it names and that are not events of this user.
        others: The user's weightier interests.
    """

    listed: bool
    evidence: tuple[Touch, ...]
    n_missing: int
    others: tuple[str, ...]

    @property
    def task(self) -> Task:
        """See `Case`."""
        return "interest"


@dataclass(frozen=True)
class TagCase(Case):
    """One tag.

    Attributes:
        known: Whether the user has the interest it serves.
        interest_reason: Why the user has it.
        history: What the user touched, each once: first what the interest rests on, then the latest.
        recent: Phrases of what was touched in the last days before the user's own last event.
        others: The user's tags of better rank.
    """

    known: bool
    interest_reason: str
    history: tuple[str, ...]
    recent: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def task(self) -> Task:
        """See `Case`."""
        return "tag"


@dataclass(frozen=True)
class ExplanationCase(Case):
    """One sentence for an item and an interest.

    Attributes:
        facts: All that is known about the item, by what it is: title, name, phrase, category, brand and so on.
        composed: Whether a model wrote it in its own words, and did not choose it among sentences of rules.
    """

    facts: tuple[tuple[str, str], ...]
    composed: bool

    @property
    def task(self) -> Task:
        """See `Case`."""
        return "explanation"

    @property
    def known(self) -> str:
        """Everything that may be said: the item's facts and the interest."""
        return " ".join((*(fact for _, fact in self.facts), self.interest))
