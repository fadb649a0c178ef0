"""Users as large models see them: attributes, all interests, and what was touched lately."""

from typing import Any

import polars as pl

from intentrec.llm.messages import Completion
from intentrec.tags.answers import WrittenTag, WrittenTags
from intentrec.tags.desk import Desk
from intentrec.tags.gate import refuse_reason
from intentrec.tags.hints import Taking, followers, near_phrases
from intentrec.tags.selection import Tag, UserInterest, rule_reason
from intentrec.tags.writing import Proposed

_EXAMPLES = 4
_RECENT_SHOWN = 40


def attributes_of(profiles: pl.DataFrame) -> dict[str, str]:
    """What stands in each profile before its first numbered line."""
    found: dict[str, str] = {}
    for user_id, text, lines in profiles.select("user_id", "text", "lines").iter_rows():
        head = text.partition(lines[0]["text"])[0] if lines else text
        found[user_id] = head.rstrip().removesuffix("1.").strip()
    return found


def shown(desk: Desk, user_id: str, attributes: str) -> dict[str, Any]:
    """What prompts are told of a user."""
    taking = Taking(desk, user_id)
    return {
        "month": desk.month,
        "attributes": attributes,
        "interests": [_interest(desk, interest, taking) for interest in desk.users[user_id]],
        "recent": desk.recent_phrases(user_id)[:_RECENT_SHOWN],
    }


def proposed(desk: Desk, user_id: str, completion: Completion[WrittenTags]) -> list[Proposed]:
    """The tags that a model wrote for a user's numbered interests."""
    assert completion.value is not None
    return [_proposed(desk, user_id, said, completion) for said in completion.value.tags]


def _interest(desk: Desk, interest: UserInterest, taking: Taking) -> dict[str, Any]:
    """Its phrases show what the shop sells and how a tag reads; followers are there where the settings want them."""
    hints, n = desk.config.hints, desk.config.shortlist
    best = [phrase for phrase in desk.candidates.phrases[interest.row].tolist() if phrase >= 0]
    examples = [desk.book.phrases[phrase] for phrase in best[:_EXAMPLES]]
    return {
        "name": interest.interest,
        "reason": interest.reason,
        "examples": taking.take(near_phrases(desk, interest), n) if hints == "shortlist" else examples,
        "followers": taking.take(followers(desk, interest), n) if hints == "followers" else [],
    }


def _proposed(desk: Desk, user_id: str, said: WrittenTag, completion: Completion[WrittenTags]) -> Proposed:
    interests = desk.users[user_id]
    interest = interests[said.interest - 1] if 1 <= said.interest <= len(interests) else None
    reason = _reason(desk, said, interest) if interest else ""
    tag = Tag(said.tag.strip(), reason, -1, completion.model, completion.request.prompt_version)
    return Proposed(tag, interest, said.model_dump_json())


def _reason(desk: Desk, said: WrittenTag, interest: UserInterest) -> str:
    reason = said.reason.strip()
    if refuse_reason(reason, desk.book.scripts, desk.config, desk.language) is None:
        return reason
    return rule_reason(interest.interest, False, desk.language)
