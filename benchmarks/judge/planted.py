"""What the judge catches of planted faults, and how often it changes its mind about the same thing shown otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.judge.variants import VARIANTS
from intentrec.config import Config, load_config
from intentrec.judge.cases import Case, Tables
from intentrec.judge.criteria import TASKS, Task, criteria_of
from intentrec.judge.guard import Caught, caught_by_model, caught_by_rules
from intentrec.judge.judging import Judge
from intentrec.judge.planted import Planted, drawn, plants
from intentrec.judge.questions import Question
from intentrec.judge.rates import Passed, uncorrected
from intentrec.judge.sampling import TABLES, draw
from intentrec.llm import open_model
from intentrec.pipeline.judge_inputs import cases_of, standards_of, table_of, tables_of
from intentrec.progress import Progress
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import Workspace

_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Material:
    """Outputs of a release that rules find no fault with, and what is planted in them."""

    judge: Judge
    good: dict[Task, list[Case]]
    planted: dict[Task, list[Planted]]


@dataclass(frozen=True)
class Changed:
    """How many verdicts changed of one task in one variant."""

    task: str
    variant: str
    changed: int
    verdicts: int


def material(folder: Path, sample: int, progress: Progress, *, ask: bool) -> Material:
    """From a release: up to `sample` outputs of each task.

    Args:
        ask: Whether the model of the workspace's settings is opened, too, small or not.
    """
    workspace = Workspace(folder)
    config = load_config(workspace.config_file)
    tables = tables_of(workspace, workspace.release())
    model = open_model(config.llm, workspace.ledger) if ask else None
    embedder = open_embedder(config.text, workspace.cache, progress)
    judge = Judge(standards_of(config, tables), embedder, model, progress)
    good = {task: _good(task, sample, judge, tables, config) for task in TASKS}
    planted = {task: list(plants(good[task], judge.standards)) for task in TASKS}
    return Material(judge, good, planted)


def _good(task: Task, sample: int, judge: Judge, tables: Tables, config: Config) -> list[Case]:
    cases = cases_of(task, draw(table_of(task, tables), TABLES[task][1], sample).rows, tables, config)
    return [case for case, faults in zip(cases, judge.faults(cases), strict=True) if not faults]


def by_rules(found: Material) -> list[Caught]:
    """Of every planted fault."""
    return [one for task in TASKS for one in caught_by_rules(found.planted[task], found.judge)]


def by_model(found: Material, n: int) -> list[Caught]:
    """Of `n` planted faults of each task, of every kind alike, without the help of rules."""
    return [one for task in TASKS for one in caught_by_model(drawn(found.planted[task], n), found.judge)]


def changed_by_rules(found: Material) -> list[Changed]:
    """Of good outputs and planted faults alike."""
    return [
        Changed(task, variant, *_changed_rules(task, [*found.good[task], *_cases(found.planted[task])], variant, found))
        for task in TASKS
        for variant in VARIANTS
    ]


def _cases(planted: Sequence[Planted]) -> list[Case]:
    return [plant.case for plant in planted]


def _changed_rules(task: Task, cases: Sequence[Case], variant: str, found: Material) -> tuple[int, int]:
    before = found.judge.faults(cases)
    after = found.judge.faults([VARIANTS[variant](case) for case in cases])
    names = [criterion.name for criterion in criteria_of(task)]
    pairs = [(name in a, name in b) for a, b in zip(before, after, strict=True) for name in names]
    return sum(a != b for a, b in pairs), len(pairs)


def changed_by_model(found: Material, n: int) -> list[Changed]:
    """Of `n` good outputs of each task, asked by every criterion."""
    return [
        Changed(task, variant, *_changed_model(found.good[task][:n], variant, found))
        for task in TASKS
        for variant in VARIANTS
    ]


def _changed_model(cases: Sequence[Case], variant: str, found: Material) -> tuple[int, int]:
    language = found.judge.standards.language
    questions = [Question(case, criterion) for case in cases for criterion in criteria_of(case.task, language)]
    # The variant's own key would draw another order of choices: that, too, must not change a verdict.
    others = [Question(VARIANTS[variant](question.case), question.criterion) for question in questions]
    before, after = found.judge.hear(questions), found.judge.hear(others)
    both = [
        (one.verdict in question.criterion.passes, other.verdict in question.criterion.passes)
        for question, one, other in zip(questions, before, after, strict=True)
        if one and other
    ]
    return sum(a != b for a, b in both), len(both)


def table(caught: Sequence[Caught]) -> str:
    """Markdown: a row a kind, with Wilson's interval."""
    rows = [*caught, *(_all(task, caught) for task in dict.fromkeys(one.task for one in caught))]
    lines = ["| task | planted | shown | refused | share | refused without the fault |", "|---" * 6 + "|"]
    for one in rows:
        share, without = _share(one.caught, one.shown), _share(one.refused, one.shown)
        lines.append(f"| {one.task} | {one.kind} | {one.shown} | {one.caught} | {share} | {without} |")
    return "\n".join(lines)


def _all(task: str, caught: Sequence[Caught]) -> Caught:
    mine = [one for one in caught if one.task == task]
    return Caught(task, "all", *(sum(getattr(one, name) for one in mine) for name in ("shown", "caught", "refused")))


def changes(found: Sequence[Changed]) -> str:
    """Markdown: a row a task and variant."""
    lines = ["| task | shown | verdicts | changed | share |", "|---|---|---|---|---|"]
    for one in found:
        share = _share(one.changed, one.verdicts)
        lines.append(f"| {one.task} | {one.variant} | {one.verdicts:,} | {one.changed:,} | {share} |")
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    if not whole:
        return ""
    rate = uncorrected(Passed(part / whole, whole, float(whole)), _CONFIDENCE)
    return f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]"
