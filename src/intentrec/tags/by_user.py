"""The large-model path: one request a user, tags in the model's own words (RecGPT-V1, section 2.2)."""

import polars as pl

from intentrec.llm.messages import Request
from intentrec.llm.prompts import Prompt
from intentrec.tags.answers import WrittenTags, written_schema, written_tokens
from intentrec.tags.desk import Desk
from intentrec.tags.people import attributes_of, proposed, shown
from intentrec.tags.writing import STAGE, Writer, settle


def write_tags(desk: Desk, profiles: pl.DataFrame, writer: Writer) -> None:
    """Ask for the tags of every user of the desk; what passes is added to `UserInterest.written`."""
    prompt = Prompt.load("intentrec.tags", "write", desk.language)
    users = sorted(desk.users)
    attributes = attributes_of(profiles.filter(pl.col("user_id").is_in(users)))
    requests = [_request(desk, prompt, user_id, attributes.get(user_id, "")) for user_id in users]
    answers = writer.answers(requests, WrittenTags, desk.config.best_of)
    settle(desk, users, answers, lambda n, completion: proposed(desk, users[n], completion), writer)


def _request(desk: Desk, prompt: Prompt, user_id: str, attributes: str) -> Request:
    n = desk.config.max_tags
    return Request(
        stage=STAGE,
        subject=user_id,
        prompt_version=prompt.version,
        messages=prompt.render(**shown(desk, user_id, attributes), n=n),
        answer_schema=written_schema(len(desk.users[user_id]), n),
        max_tokens=written_tokens(n),
    )
