"""One question of a writing stage as data, made by the code that asks it in production."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from intentrec.alignment.samples import compact
from intentrec.explanations import ExplanationsConfig
from intentrec.explanations.candidates import lessons, offered, sentences
from intentrec.explanations.choosing import FEWEST, choosing_request, shuffled
from intentrec.explanations.composing import COMPOSED, composing_request
from intentrec.explanations.pairs import PACKAGE, Pair, Sentence
from intentrec.explanations.write import explanation_row
from intentrec.interests.answers import GroupAnswer
from intentrec.interests.by_group import GroupNaming
from intentrec.interests.group_questions import Question as GroupQuestion
from intentrec.interests.infer import interest_row
from intentrec.llm import Request
from intentrec.llm.config import Stage
from intentrec.llm.prompts import Prompt
from intentrec.tags.answers import ChosenTags
from intentrec.tags.by_interest import tags_of
from intentrec.tags.desk import Desk
from intentrec.tags.interest_questions import InterestQuestions
from intentrec.tags.interest_questions import Question as InterestQuestion
from intentrec.tags.rows import Ranked, tag_rows
from intentrec.text.embeddings import Embedder
from intentrec.text.wording import month_name

Form = Literal["tuned", "writing", "choosing"]
Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Asked:
    """One question of a stage.

    Attributes:
        request: What the stage would send in this form.
        user_id: Whom it is about; None for explanations.
        item_id: What it is about; None but for explanations.
        by_rules: Answers of the rules to this very question, as the grammar would write them; for explanations every
            sentence that the rules would offer, the most telling first.
        lessons: Those answers of the rules that a model may learn.
        rows: From a value, the model and its prompt version to the rows that the stage would store if it had no gate.
    """

    stage: Stage
    request: Request
    answer_type: type[BaseModel]
    user_id: str | None
    item_id: str | None
    by_rules: tuple[str, ...]
    lessons: tuple[str, ...]
    rows: Callable[[BaseModel, str, str], Rows]

    @property
    def key(self) -> tuple[object, ...]:
        """What tells questions apart."""
        return self.stage, self.request.subject, self.request.messages


def asked_interests(naming: GroupNaming, users: Sequence[str], embedder: Embedder, as_of: datetime) -> Iterator[Asked]:
    """A question for each group of the users."""
    for question in naming.questions.of(users):
        ruled = _compact(naming.questions.by_rules(question, embedder))
        yield Asked(
            stage="interests",
            request=naming.questions.request(question),
            answer_type=GroupAnswer,
            user_id=question.rule.user_id,
            item_id=None,
            by_rules=ruled,
            lessons=ruled,
            rows=_interest_rows(naming, question, as_of),
        )


def _interest_rows(
    naming: GroupNaming, question: GroupQuestion, as_of: datetime
) -> Callable[[BaseModel, str, str], Rows]:
    def rows(value: BaseModel, model: str, prompt_version: str) -> Rows:
        answer = GroupAnswer.model_validate(value)
        return [interest_row(naming.written(question, answer, model, prompt_version), as_of)]

    return rows


def asked_tags(desk: Desk, users: Sequence[str], form: Form, as_of: datetime) -> Iterator[Asked]:
    """A question for each interest of the users."""
    asking = InterestQuestions(desk, form)
    for user_id in (user_id for user_id in users if user_id in desk.users):
        for place, question in enumerate(asking.of(user_id)):
            ruled = _compact(asking.by_rules(question))
            yield Asked(
                stage="tags",
                request=asking.request(question),
                answer_type=ChosenTags,
                user_id=user_id,
                item_id=None,
                by_rules=ruled,
                lessons=ruled,
                rows=_tag_rows(desk, question, 1 + place * desk.config.chosen, as_of),
            )


def _tag_rows(
    desk: Desk, question: InterestQuestion, first_rank: int, as_of: datetime
) -> Callable[[BaseModel, str, str], Rows]:
    def rows(value: BaseModel, model: str, prompt_version: str) -> Rows:
        tags = tags_of(desk, question, ChosenTags.model_validate(value), model, prompt_version)
        ranked: list[Ranked] = [
            (question.user_id, rank, question.interest, tag) for rank, tag in enumerate(tags, start=first_rank)
        ]
        return tag_rows(ranked, desk, as_of)

    return rows


def asked_explanations(
    pairs: Sequence[Pair],
    config: ExplanationsConfig,
    language: str,
    brands: Sequence[str],
    form: Form,
    as_of: datetime,
) -> Iterator[Asked]:
    """A question for each pair; to choose from, there must be sentences."""
    prompt = Prompt.load(PACKAGE, "choose" if form == "choosing" else COMPOSED[form], language)
    month = month_name(as_of, language)
    for pair in pairs:
        said = sentences(pair, config, language, brands)
        offers, learned = offered(said), lessons(said)
        if form != "choosing":
            yield _explanation(pair, offers, learned, composing_request(pair, prompt, month), as_of)
        elif len(offers) >= FEWEST:
            request = choosing_request(pair, shuffled(offers, pair), prompt, month)
            yield _explanation(pair, offers, learned, request, as_of)


def _explanation(pair: Pair, offers: Sequence[str], learned: Sequence[str], request: Request, as_of: datetime) -> Asked:
    def rows(value: BaseModel, model: str, prompt_version: str) -> Rows:
        text = Sentence.model_validate(value).text.strip()
        return [explanation_row(pair, (text, model, prompt_version), as_of)]

    return Asked(
        stage="explanations",
        request=request,
        answer_type=Sentence,
        user_id=None,
        item_id=pair.item_id,
        by_rules=_compact(*(Sentence(text=text) for text in offers)),
        lessons=_compact(*(Sentence(text=text) for text in learned)),
        rows=rows,
    )


def _compact(*values: BaseModel | None) -> tuple[str, ...]:
    return tuple(compact(value) for value in values if value is not None)
