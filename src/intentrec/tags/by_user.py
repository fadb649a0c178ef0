"""The large-model path: one request a user, tags written freely for all interests (RecGPT-V1, section 2.2)."""

import polars as pl

from intentrec.llm.messages import Request
from intentrec.llm.model import LanguageModel
from intentrec.llm.prompts import Prompt
from intentrec.progress import Progress
from intentrec.stages import Refusals
from intentrec.tags.answers import WrittenTag, WrittenTags, written_schema, written_tokens
from intentrec.tags.desk import Desk
from intentrec.tags.gate import refuse_reason
from intentrec.tags.selection import Tag, UserInterest, rule_reason
from intentrec.tags.writing import STAGE, Judge, failed

_EXAMPLES = 4
_RECENT_SHOWN = 40


def write_tags(
    desk: Desk, profiles: pl.DataFrame, model: LanguageModel, refusals: Refusals, progress: Progress
) -> None:
    """Ask for the tags of every user of the desk; what passes is added to `UserInterest.written`."""
    prompt = Prompt.load("intentrec.tags", "write", desk.language)
    users = sorted(desk.users)
    attributes = attributes_of(profiles.filter(pl.col("user_id").is_in(users)))
    requests = [_request(desk, prompt, user_id, attributes.get(user_id, "")) for user_id in users]
    completions = model.complete(requests, WrittenTags, progress)
    vectors = desk.vectors(said.tag.strip() for c in completions if c.value for said in c.value.tags)
    for user_id, completion in zip(users, completions, strict=True):
        judge = Judge(desk, user_id, vectors, refusals)
        if completion.value is None:
            word = failed(completion.error)
            if word:
                refusals.refuse(user_id, word, completion.error or "", completion.model, prompt.version)
            continue
        for said in completion.value.tags:
            interest = _interest(said, desk.users[user_id])
            if interest is None:
                refusals.refuse(user_id, "unknown-interest", said.model_dump_json(), completion.model, prompt.version)
                continue
            tag = Tag(said.tag.strip(), _reason(desk, said, interest), -1, completion.model, prompt.version)
            judge.judge(tag, interest, said.model_dump_json())


def attributes_of(profiles: pl.DataFrame) -> dict[str, str]:
    """What stands in each profile before its first numbered line."""
    found: dict[str, str] = {}
    for user_id, text, lines in profiles.select("user_id", "text", "lines").iter_rows():
        head = text.partition(lines[0]["text"])[0] if lines else text
        found[user_id] = head.rstrip().removesuffix("1.").strip()
    return found


def _request(desk: Desk, prompt: Prompt, user_id: str, attributes: str) -> Request:
    interests = desk.users[user_id]
    shown = [{"name": i.interest, "reason": i.reason, "examples": _examples(desk, i)} for i in interests]
    return Request(
        stage=STAGE,
        subject=user_id,
        prompt_version=prompt.version,
        messages=prompt.render(
            month=desk.month,
            attributes=attributes,
            interests=shown,
            recent=desk.recent_phrases(user_id)[:_RECENT_SHOWN],
            n=desk.config.max_tags,
        ),
        answer_schema=written_schema(len(interests), desk.config.max_tags),
        max_tokens=written_tokens(desk.config.max_tags),
    )


def _examples(desk: Desk, interest: UserInterest) -> list[str]:
    """Phrases of the shop near the interest: they show what it sells and how a tag reads."""
    best = [phrase for phrase in desk.candidates.phrases[interest.row].tolist() if phrase >= 0]
    return [desk.book.phrases[phrase] for phrase in best[:_EXAMPLES]]


def _interest(said: WrittenTag, interests: list[UserInterest]) -> UserInterest | None:
    return interests[said.interest - 1] if 1 <= said.interest <= len(interests) else None


def _reason(desk: Desk, said: WrittenTag, interest: UserInterest) -> str:
    reason = said.reason.strip()
    if refuse_reason(reason, desk.book.scripts, desk.config, desk.language) is None:
        return reason
    return rule_reason(interest.interest, False, desk.language)
