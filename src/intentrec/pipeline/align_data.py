"""Training data of one stage: what teachers, rules, users and the model itself answer, as samples that are stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from pathlib import Path

import polars as pl

from intentrec.alignment.data.curriculum import curriculum, open_shop
from intentrec.alignment.data.general import Said, general, general_requests
from intentrec.alignment.data.incremental import Window, incremental
from intentrec.alignment.data.mixing import distinct, split, with_general
from intentrec.alignment.data.pre_alignment import pre_alignment
from intentrec.alignment.data.questions import Written, written
from intentrec.alignment.data.self_training import self_training
from intentrec.alignment.samples import Sample, sample_rows
from intentrec.errors import DataError
from intentrec.llm import Completion, LLMConfig
from intentrec.pipeline.align_judging import Examiner
from intentrec.pipeline.align_questions import Scene
from intentrec.pipeline.align_writers import open_writer, sampled, teacher_llm, told
from intentrec.pipeline.asking import Asked, Asking
from intentrec.pipeline.chain import with_roles
from intentrec.workspace import PATIENCE, Workspace


@dataclass(frozen=True)
class Data:
    """Samples of one stage.

    Attributes:
        samples: In a fixed order.
        counts: What passed and what did not, by source.
    """

    samples: list[Sample]
    counts: Counter[str] = field(default_factory=Counter)

    def and_also(self, samples: Sequence[Sample], counts: Mapping[str, int]) -> "Data":
        """With more samples; the same lesson once."""
        return Data(distinct([*self.samples, *samples]), self.counts + Counter(counts))

    def without(self, questions: Sequence[Asked]) -> "Data":
        """Without samples that ask what is held out, though it be about somebody else."""
        asked = {one.request.messages for one in questions}
        return Data([s for s in self.samples if s.messages not in asked], self.counts)

    def sources(self) -> dict[str, int]:
        """Samples by source."""
        return dict(sorted(Counter(sample.source for sample in self.samples).items()))


def first_data(workspace: Workspace, scene: Scene, examiner: Examiner | None, teacher: str) -> Data:
    """What a model is trained on before it has answered anything itself.

    Args:
        examiner: Grades answers; None leaves the judge out.
        teacher: See `teacher_llm`; "" for none.

    Raises:
        DataError: No answer may be learned.
        LLMUnavailable: The teacher cannot be reached.
    """
    questions = scene.trained_on()
    grade = None if examiner is None else examiner.grade
    taught = taught_answers(workspace, scene, questions, teacher) if teacher else []
    made = pre_alignment(questions, taught, grade, scene.inputs.as_of, scene.config.alignment.data)
    data = Data([]).and_also(made.samples, made.counts)
    if scene.stage == "tags":
        behaviour = behaviour_of(scene)
        data = data.and_also(behaviour.samples, behaviour.counts)
    data = Data(split(data.samples, scene.config.alignment.data).train, data.counts)
    data = data.without([*scene.held_out(), *scene.checked()])
    if not data.samples:
        judged = ", ".join(f"{name} {n:,}" for name, n in sorted(data.counts.items())) or "nobody answered any"
        raise DataError(
            f"There is nothing to train {scene.stage} on: of {len(questions):,} questions before "
            f"{scene.inputs.as_of:%Y-%m-%d} no answer may be learned ({judged}). Name a teacher (alignment.teacher), "
            "ingest more events, or look at `intentrec judge`."
        )
    return data


def lessons_of(scene: Scene) -> Data:
    """Lessons about the shop that come before the task itself, in their order; none where the settings want none."""
    data, inputs = scene.config.alignment.data, scene.inputs
    if not data.curriculum_limit:
        return Data([])
    shop = open_shop(
        inputs.items, inputs.events, scene.tables["catalogue"], scene.tables["pool"], scene.config.language,
        inputs.as_of, data.seed,
    )  # fmt: skip
    made = curriculum(shop, data)
    return Data(split(made.samples, data).train, made.counts)


def general_answers(workspace: Workspace, scene: Scene, base: LLMConfig) -> list[Completion[Said]]:
    """What the model says to general questions before it is trained; nothing where the settings want none of it."""
    data = scene.config.alignment.data
    if not data.general_share or data.general_file:
        return []
    with open_writer(workspace, base) as model:
        return model.complete(general_requests(scene.config.language), Said, scene.tools.progress)


def with_some_general(data: Data, scene: Scene, said: Sequence[Completion[Said]]) -> Data:
    """With general instructions mixed in, against forgetting."""
    settings = scene.config.alignment.data
    share = settings.general_share
    if not share:
        return data
    wanted = ceil(len(data.samples) * share / (1 - share))
    pool = general(scene.config.language, wanted, scene.inputs.as_of, settings, said)
    return Data(with_general(data.samples, pool, settings), data.counts)


def taught_answers(
    workspace: Workspace, scene: Scene, questions: Sequence[Asked], teacher: str
) -> list[Written[Asked]]:
    """What a teacher answers to the first of the questions, asked with examples."""
    most = scene.config.alignment.teacher_questions
    with open_writer(workspace, teacher_llm(scene.config, teacher)) as model:
        completions = told(model, scene.trained_on("writing")[:most], scene.tools.progress)
    by_place = zip(questions[:most], completions, strict=True)
    return [said for one, completion in by_place if (said := written(one, completion)) is not None]


def behaviour_of(scene: Scene) -> Data:
    """What the users who are trained on touched in the last days, as answers to questions of the time before them."""
    config = scene.config
    asking = before_the_window(scene)
    if asking is None:
        return Data([], Counter({"behaviour: no events before the window": 1}))
    window = Window(
        start=asking.inputs.as_of,
        end=scene.inputs.as_of,
        events=scene.inputs.events,
        catalogue=scene.tables["catalogue"],
        interests=asking.interests,
        kinds=config.events.named("intent"),
        brands=scene.inputs.brands(),
        embedder=scene.tools.embedder,
        tags=with_roles(config.tags, config),
        language=config.language,
    )
    made = incremental(asking.asked("tags", "tuned"), window, config.alignment.data)
    return Data(made.samples, made.counts)


def before_the_window(scene: Scene) -> Asking | None:
    """Questions of users to train on as of the days that are learned from; None where there was nothing before."""
    start = scene.inputs.as_of - timedelta(days=scene.config.alignment.data.window_days)
    inputs = scene.inputs.before(start)
    if inputs.events.is_empty():
        return None
    known = set(inputs.events["user_id"].unique())
    users = [user for user in scene.users if user in known and scene.is_trained_on(user)]
    return Asking.prepare(scene.tools, inputs, users[: scene.config.alignment.questions])


def own_data(workspace: Workspace, scene: Scene, examiner: Examiner | None, base: LLMConfig, adapter: Path) -> Data:
    """What a model answers itself to the questions it is trained on, several times each, as far as the judge passes it.

    Args:
        adapter: Folder of what it learned so far.
    """
    settings = scene.config.alignment
    questions = scene.trained_on()
    answers: list[Written[Asked]] = []
    for n in range(settings.data.own_answers):
        drawn = sampled(base, settings.own_temperature, settings.seed + n)
        with open_writer(workspace, drawn, (scene.stage, adapter)) as model:
            completions = told(model, questions, scene.tools.progress)
        pairs = zip(questions, completions, strict=True)
        answers += [said for one, completion in pairs if (said := written(one, completion)) is not None]
    grade = None if examiner is None else examiner.grade
    made = self_training(answers, grade, scene.inputs.as_of, settings.data)
    return Data(made.samples, made.counts).without([*scene.held_out(), *scene.checked()])


def store(workspace: Workspace, samples: Sequence[Sample]) -> int:
    """Add samples to the table; those that are there already stay as they are. Returns how many there are now."""
    rows = sample_rows(samples)
    with workspace.writing(PATIENCE):
        earlier = workspace.read("samples")
        fresh = rows.join(earlier, on="sample_id", how="anti")
        if not fresh.is_empty():
            workspace.write("samples", pl.concat([earlier, fresh]))
    return earlier.height + fresh.height
