"""The tags of each writer as tables: as they were written, and as a run would store them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from benchmarks.alignment.judged import opened, shared_questions, texts_of
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.writers import Writer
from intentrec.pipeline.align_measure import tags_as_written
from intentrec.pipeline.asking import Asked, Asking, Form
from intentrec.pipeline.chain import Tools, make_tags
from intentrec.progress import Progress
from intentrec.tags.predict import Mode

Variant = Literal["as written", "gated and filled"]
_MODES: dict[Form, Mode] = {"choosing": "cluster", "writing": "writing", "tuned": "tuned"}


@dataclass(frozen=True)
class Tagged:
    """What one writer's answers come to as tags.

    Attributes:
        variant: As written: an answer that did not come, or cannot be read, gives no tags. Gated and filled: what the
            stage stores, without what its gate refuses and with the rules' tags after the writer's.
        questions: Asked of the writer.
        answered: With an answer that fits.
        tags: Rows of `TAGS`.
    """

    writer: str
    variant: Variant
    questions: int
    answered: int
    tags: pl.DataFrame


def whole_users(asked: Sequence[Asked], questions: int) -> list[Asked]:
    """The first questions, without a user some of whose questions come after them.

    Raises:
        SystemExit: Nobody is left.
    """
    cut = {one.user_id for one in asked[questions:]}
    kept = [one for one in asked[:questions] if one.user_id not in cut]
    if not kept:
        raise SystemExit(f"--questions {questions} holds no user whole; there are {len(asked)} questions of tags.")
    return kept


def tagged(
    shop: Shop, asking: Asking, chosen: Sequence[Writer], questions: int, progress: Progress
) -> tuple[list[Tagged], list[str]]:
    """Both variants of every writer's tags on the questions that all forms ask, and the users they are about."""
    writing = [writer for writer in chosen if writer.writes("tags")]
    shared = shared_questions(shop, asking, "tags", chosen)
    asked = {form: whole_users(own, questions) for form, own in shared.items()}
    about = [{one.user_id for one in own if one.user_id} for own in asked.values()]
    users = sorted(set.intersection(*about))
    found = [
        one
        for writer in writing
        for one in _both(shop, asking, writer, [q for q in asked[writer.form] if q.user_id in users], users, progress)
    ]
    return found, users


def _both(
    shop: Shop, asking: Asking, writer: Writer, asked: Sequence[Asked], users: Sequence[str], progress: Progress
) -> Iterator[Tagged]:
    texts = texts_of(shop, writer, asked, progress)
    counts = len(asked), sum(text is not None for text in texts)
    yield Tagged(writer.name, "as written", *counts, tags_as_written(asked, texts))
    yield Tagged(writer.name, "gated and filled", *counts, _stored(shop, asking, writer, users))


def _stored(shop: Shop, asking: Asking, writer: Writer, users: Sequence[str]) -> pl.DataFrame:
    """What the stage stores; it asks what was asked already, and interests that another form would not ask about."""
    if writer.llm is None:
        return _by_the_stage(asking, asking.tools, users)
    config = asking.tools.config
    tags = config.tags.model_copy(update={"mode": _MODES[writer.form]})
    with opened(shop, writer, "tags") as model:
        tools = replace(asking.tools, config=config.model_copy(update={"tags": tags}), model=model)
        return _by_the_stage(asking, tools, users)


def _by_the_stage(asking: Asking, tools: Tools, users: Sequence[str]) -> pl.DataFrame:
    own = pl.col("user_id").is_in(list(users))
    profiles, interests = asking.profiles.filter(own), asking.interests.filter(own)
    return make_tags(tools, asking.inputs, asking.catalogue, profiles, interests).table
