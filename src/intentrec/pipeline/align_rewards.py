"""What a model is rewarded for in a training by reward, by stage."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from intentrec.alignment.recipes.rewards import Question, Reward, TagReward
from intentrec.alignment.samples import compact
from intentrec.errors import DataError
from intentrec.pipeline.align_data import before_the_window
from intentrec.pipeline.align_judging import Examiner
from intentrec.pipeline.align_questions import Scene
from intentrec.pipeline.asking import Asked, Asking

_SCORES = {"bad": 0.0, "average": 0.5, "superior": 1.0}


def rewarded(scene: Scene, examiner: Examiner) -> tuple[list[Question], Reward]:
    """Questions, and the reward of answers to them.

    Tags: what the user took in the days before the cut, as far as so many tags can foresee it, gated by the judge,
    diversity and length (RecGPT-V2, section 2.3), with questions as of the time before these days. Interests and
    explanations: the judge's grade.

    Raises:
        DataError: There was nothing before these days.
    """
    if scene.stage == "tags":
        return _of_tags(scene, examiner)
    asked = scene.trained_on()
    return [_question(one) for one in asked], GradeReward.of(asked, examiner)


@dataclass(frozen=True)
class GradeReward:
    """The judge's grade of an answer: 0 bad, 0.5 average, 1 superior; 0 where it cannot be read. A `Reward`."""

    asked: dict[Question, Asked]
    examiner: Examiner

    @classmethod
    def of(cls, asked: Sequence[Asked], examiner: Examiner) -> "GradeReward":
        """For answers to these questions."""
        return cls({_question(one): one for one in asked}, examiner)

    def __call__(self, questions: Sequence[Question], answers: Sequence[str]) -> list[float]:
        """One reward an answer."""
        answered = [(self.asked[question], answer) for question, answer in zip(questions, answers, strict=True)]
        return [_SCORES.get(grade or "bad", 0.0) for grade in self.examiner.grade(answered)]


def _of_tags(scene: Scene, examiner: Examiner) -> tuple[list[Question], Reward]:
    asking = before_the_window(scene)
    if asking is None:
        raise DataError(
            f"There is no event before the last {scene.config.alignment.data.window_days} days, so nobody can be asked "
            "what comes next. Lower alignment.data.window_days, or ingest earlier events."
        )
    took = _taken(scene, asking)
    places = scene.config.tags.chosen
    asked = asking.asked("tags", "tuned")
    pairs = [(one, _question(one, took.get(one.user_id or "", frozenset()), places)) for one in asked]
    known = {question: one for one, question in pairs if question.truth}
    judged = Examiner(examiner.judge, asking)

    def grades(question: Question, tags: Sequence[str]) -> list[float]:
        (own,) = judged.grades([(known[question], compact({"tags": list(tags)}))])
        return [float(grade != "bad") for grade in own]

    embed = scene.tools.embedder.embed
    predict = asking.desk.book.phi.predict
    reward = TagReward(scene.config.alignment, lambda tags: predict(embed(tags)), embed, grades)
    return list(known), reward


def _question(asked: Asked, truth: frozenset[str] = frozenset(), places: int = 0) -> Question:
    return Question(asked.request.messages, truth, asked.request.subject, places)


def _taken(scene: Scene, asking: Asking) -> dict[str, frozenset[str]]:
    """Categories of what each user touched from the time of the questions up to the cut."""
    config = scene.config
    kinds = config.events.named("intent")
    touched = (
        scene.inputs.events.filter(pl.col("timestamp") >= asking.inputs.as_of, pl.col("event").is_in(kinds))
        .join(scene.tables["catalogue"].select("item_id", "category").drop_nulls(), on="item_id")
        .group_by("user_id")
        .agg(pl.col("category").unique())
    )
    return {user: frozenset(categories) for user, categories in touched.iter_rows()}
