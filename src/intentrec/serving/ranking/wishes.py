"""What somebody says they want, as tags."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from intentrec.serving.bundle import About
from intentrec.serving.ranking.edits import OWN, ranked, tag_row
from intentrec.serving.ranking.people import People
from intentrec.serving.ranking.person import Person

MOST_BETA = 0.5
"""Words count at least as much as everything that was done before."""


def wishing(person: Person, wishes: Sequence[str], people: People, at: datetime) -> Person:
    """The same person with their wishes in place of interests and tags, each wish an interest of one tag.

    Raises:
        ConfigError: A wish is no tag of the release, and the release cannot read new words.
    """
    texts = list(dict.fromkeys(text for wish in wishes if (text := " ".join(wish.split()))))
    interests = [_interest(f"wish-{place}", text, at) for place, text in enumerate(texts, 1)]
    tags = ranked([tag_row(row["interest"], row["interest_id"], "", at) for row in interests])
    about = About(person.user_id, person.about.profile, interests, tags)
    beta = 0.0 if person.vector is None else min(person.beta, MOST_BETA)
    return replace(people.described(person, about, strict=True), beta=beta)


def _interest(interest_id: str, text: str, at: datetime) -> dict[str, Any]:
    return {
        "interest_id": interest_id,
        "interest": text,
        "listed": False,
        "stage": "new",
        "reason": "",
        "evidence": [],
        "weight": 1.0,
        "verdict": "pass",
        "as_of": at,
        "model": OWN,
        "prompt_version": OWN,
    }
