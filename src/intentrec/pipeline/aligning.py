"""From a log to an adapter: questions, data, training, figures, and the gate: `intentrec align`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from intentrec.alignment.data.chats import write_chats, write_pairs
from intentrec.alignment.gate import Decision, decide
from intentrec.alignment.samples import Sample, samples_of
from intentrec.config import Config
from intentrec.errors import NotFoundError
from intentrec.judge.guard import Caught
from intentrec.llm import read_card, write_card
from intentrec.llm.config import Stage
from intentrec.pipeline.adapters import Chosen, adapters_by_stage
from intentrec.pipeline.align_contest import Rival, in_use, measured, of_rules, paired
from intentrec.pipeline.align_data import (
    Data,
    first_data,
    general_answers,
    lessons_of,
    own_data,
    store,
    with_some_general,
)
from intentrec.pipeline.align_judging import Examiner, must_be_trusted, open_examiner
from intentrec.pipeline.align_questions import Scene, must_be_asked, set_scene
from intentrec.pipeline.align_report import AlignReport, Step, means
from intentrec.pipeline.align_rewards import rewarded
from intentrec.pipeline.align_shelf import Shelf
from intentrec.pipeline.align_training import Learned, School, base_of, check_settings
from intentrec.pipeline.align_writers import base_llm
from intentrec.pipeline.shipped import DO_WITHOUT
from intentrec.progress import Progress
from intentrec.workspace import PATIENCE, Workspace

RULES = "rules"


@dataclass(frozen=True)
class AlignOptions:
    """What one run is asked for, beside the settings.

    Attributes:
        as_of: Exclusive end of what is learned from; None means the beginning of the window that evaluations look at.
        judged: Whether only what the judge passes is learned; False is for measuring what that is worth.
        publish: Whether an accepted adapter is used from now on.
        yes: Begin trainings that will not fit or take too long by the estimate.
        merged: Write the whole model with each adapter in it, too.
    """

    task: Stage
    as_of: datetime | None = None
    judged: bool = True
    publish: bool = True
    yes: bool = False
    merged: bool = False


@dataclass
class _Course:
    """What has been learned so far in one run."""

    data: Data
    steps: list[Step] = field(default_factory=list)

    def took(self, learned: Learned, samples: Mapping[str, int]) -> Learned:
        """Note a training."""
        figures = dict(learned.figures)
        step = Step(
            method=learned.method, name=learned.name, trained=learned.trained, samples=dict(samples), figures=figures
        )
        self.steps.append(step)
        return learned


def align_workspace(
    workspace: Workspace,
    config: Config,
    options: AlignOptions,
    *,
    now: Callable[[], datetime],
    progress: Progress,
) -> AlignReport:
    """Train an adapter for one stage, measure it on users it has not seen, and publish it if it is not worse.

    Killed and started again, it goes on where it stood: answers and verdicts are in the ledger, samples in their
    table, trainings in the cache. The same run once more trains nothing.

    Raises:
        DataError: There is nothing to learn from.
        ConfigError: A setting does not fit, or the training does not.
        LLMError: The judge is not to be trusted, or a model cannot be reached.
        BudgetExceeded: The spend cap is reached; start again with a larger one to go on.
        WorkspaceBusy: Another process is aligning.
        WorkspaceError: The disk is full.
    """
    check_settings(config.alignment)
    base = base_llm(config)
    must_be_trusted(workspace, options.task)
    with Shelf(workspace).training():
        scene = set_scene(workspace, config, options.task, options.as_of, progress)
        must_be_asked(scene)
        with open_examiner(workspace, config, scene.asking, progress) as examiner:
            caught = guarded_by(scene, examiner)
            school = School(workspace, scene, base, examiner, now, options.yes, options.merged)
            data = first_data(workspace, scene, examiner if options.judged else None, config.alignment.teacher)
            course = _Course(data)
            learned = _learn(school, course, options.judged)
            return _concluded(school, course, learned, options, caught)


def guarded_by(scene: Scene, examiner: Examiner) -> list[Caught]:
    """What the judge catches of faults planted in the rules' answers; see `Examiner.guard`."""
    return examiner.guard([(one, one.by_rules[0]) for one in scene.held_out() if one.by_rules])


def make_samples(workspace: Workspace, config: Config, options: AlignOptions, *, progress: Progress) -> list[Sample]:
    """What a model would be trained on first, stored in the table `samples`; nothing is trained.

    Raises:
        IntentrecError: See `align_workspace`.
    """
    must_be_trusted(workspace, options.task)
    scene = set_scene(workspace, config, options.task, options.as_of, progress)
    must_be_asked(scene)
    with open_examiner(workspace, config, scene.asking, progress) as examiner:
        guarded_by(scene, examiner)
        data = first_data(workspace, scene, examiner if options.judged else None, config.alignment.teacher)
    store(workspace, data.samples)
    return data.samples


@dataclass(frozen=True)
class Exported:
    """Samples that were made, and what stands in files.

    Attributes:
        samples: Made now, by source.
        written: Lines by file.
    """

    samples: dict[str, int]
    written: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def export_samples(
    workspace: Workspace, task: Stage, made: Sequence[Sample], chats: Path | None, pairs: Path | None
) -> Exported:
    """Write all stored samples of a task as other trainers read them.

    Raises:
        WorkspaceError: A file cannot be written.
    """
    rows = workspace.read("samples").filter(pl.col("task") == task).sort("sample_id")
    stored = samples_of(rows)
    written = {}
    if chats is not None:
        written[str(chats)] = write_chats(stored, chats)
    if pairs is not None:
        written[str(pairs)] = write_pairs(stored, pairs)
    return Exported(Data(list(made)).sources(), written)


def _learn(school: School, course: _Course, judged: bool) -> Learned:
    """Lessons about the shop, then good answers of others; then, by method, the model's own, or rewards for them."""
    scene, settings = school.scene, school.scene.config.alignment
    begun, said = _begun(school, course), general_answers(school.workspace, scene, school.base)

    def taught() -> Learned:
        data = with_some_general(course.data, scene, said)
        store(school.workspace, data.samples)
        return course.took(school.sft(data, begun), data.sources())

    learned = taught()
    if settings.method == "grpo":
        questions, reward = rewarded(scene, school.examiner)
        return course.took(school.grpo(course.data, questions, reward, learned), {"questions": len(questions)})
    for _ in range(settings.rounds):
        examiner = school.examiner if judged else None
        own = own_data(school.workspace, scene, examiner, school.base, learned.folder)
        store(school.workspace, own.samples)
        if settings.method == "dpo":
            course.data = course.data.and_also([], own.counts)
            learned = course.took(school.dpo(own, learned), own.sources())
        else:
            course.data = course.data.and_also(own.samples, own.counts)
            learned = taught()
    return learned


def _begun(school: School, course: _Course) -> Learned | None:
    """The model after the lessons about the shop; None where there are none."""
    lessons = lessons_of(school.scene)
    course.data = course.data.and_also([], lessons.counts)
    if not lessons.samples:
        return None
    store(school.workspace, lessons.samples)
    return course.took(school.sft(lessons, judged=False), lessons.sources())


def _concluded(
    school: School, course: _Course, learned: Learned, options: AlignOptions, caught: list[Caught]
) -> AlignReport:
    """Measure, decide, and put the adapter where it belongs."""
    workspace, scene, shelf = school.workspace, school.scene, Shelf(school.workspace)
    folder = shelf.put(scene.stage, learned.name, learned.folder)
    earlier = shelf.report(scene.stage, learned.name)
    if shelf.current().get(scene.stage) == learned.name and earlier is not None:
        return AlignReport.model_validate(earlier | {"steps": [step.model_dump() for step in course.steps]})
    rival = in_use(workspace, scene, school.base)
    figures, decision = _contest(school, folder, rival)
    report = AlignReport(
        task=scene.stage,
        name=learned.name,
        folder=str(folder.relative_to(workspace.root)),
        method=learned.method,
        model=base_of(school.base).model_id,
        prompt_version=read_card(folder).prompt_version,
        as_of=scene.inputs.as_of,
        at=school.now(),
        judge=school.examiner.judge.model_id,
        caught=tuple(caught),
        questions={"trained on": len(scene.trained_on()), "held out": len(scene.held_out())},
        judged=dict(sorted(course.data.counts.items())),
        steps=tuple(course.steps),
        against=rival.name,
        figures=figures,
        decision=decision,
        published=decision.accepted and options.publish,
        notes=tuple(_notes(school, options, rival)),
    )
    with workspace.writing(PATIENCE):
        _keep(shelf, report, folder)
    return report


def _contest(school: School, folder: Path, rival: Rival) -> tuple[dict[str, dict[str, float]], Decision]:
    """Means of the figures by who answered, and whether the adapter is published."""
    scene, examiner = school.scene, school.examiner
    mine = measured(school.workspace, scene, school.base, examiner, Rival("new", "tuned", folder))
    theirs = measured(school.workspace, scene, school.base, examiner, rival)
    new, old = paired(mine, theirs)
    told = {"new": means(mine), rival.name: means(theirs), RULES: means(of_rules(scene, examiner))}
    return told, decide(new, old, scene.config.alignment.gate)


def _keep(shelf: Shelf, report: AlignReport, folder: Path) -> None:
    card = read_card(folder)
    write_card(folder, card.model_copy(update={"figures": card.figures | report.figures["new"]}))
    shelf.write_report(report.task, report.name, report.model_dump(mode="json"))
    if report.published:
        shelf.publish(report.task, report.name)


def _notes(school: School, options: AlignOptions, rival: Rival) -> list[str]:
    notes = [rival.note] if rival.note else []
    if school.examiner.judge.model is None:
        notes.append("Judged by rules alone: they find faults, not merits.")
    if not options.judged:
        notes.append("Trained on answers that nobody judged (--no-judge).")
    if school.scene.config.llm.backend not in ("embedded", "transformers"):
        notes.append(
            f"llm.backend is {school.scene.config.llm.backend!r}: offer the adapter on your server and name it in "
            f"[llm.adapters.{options.task}] (docs/llm-adapters.md)."
        )
    return notes


def roll_back(workspace: Workspace, config: Config, task: Stage) -> Chosen | None:
    """Go back to the adapter that was published before; what the stage uses from now on.

    Raises:
        NotFoundError: None was published, or all were gone back from.
    """
    with workspace.writing(PATIENCE):
        used = adapters_by_stage(workspace, config).get(task)
        if used is not None and used.source == "shipped":
            raise NotFoundError(
                f"The adapter of {task} in use is {used.adapter.path}, which nobody published here: there is nothing "
                f"to go back from. To do without it, set {DO_WITHOUT}."
            )
        Shelf(workspace).rollback(task)
    return adapters_by_stage(workspace, config).get(task)
