"""Judges a sample of what a release holds: `intentrec judge`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import polars as pl

from intentrec.config import Config
from intentrec.errors import ConfigError
from intentrec.judge.cases import Case, Tables
from intentrec.judge.criteria import CRITERIA, TASKS, Task
from intentrec.judge.guard import Caught, caught_by_model, must_catch, plants_for
from intentrec.judge.judging import Judge
from intentrec.judge.outcome import Outcome, verdict_rows
from intentrec.judge.people import pairs_of
from intentrec.judge.sampling import TABLES, draw
from intentrec.judge.state import JudgeState, checked_against, store_state
from intentrec.llm import LedgeredModel, open_model
from intentrec.pipeline.judge_inputs import cases_of, labelled_cases, standards_of, table_of, tables_of
from intentrec.pipeline.judge_rates import RateLine, rate_lines
from intentrec.progress import Progress
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import Workspace

_SAYS_THE_SAME = 20  # verdicts of a model by one criterion from which it is worth saying that all were alike


@dataclass(frozen=True)
class JudgeReport:
    """What a run of the judge found.

    Attributes:
        model: Which model was asked; "none" for rules alone.
        judged: Outputs of the sample by task.
        rates: Pass rates by task, writer and criterion.
        caught: Planted faults that the model was shown, and caught.
        faults: By task: how often each rule found its fault in the sample.
        usage: What was asked of the model in this run.
    """

    release: str
    model: str
    judged: dict[str, int]
    rates: list[RateLine]
    caught: list[Caught]
    faults: dict[str, dict[str, int]]
    usage: dict[str, Any]
    state: JudgeState
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        state = self.state.model_dump(mode="json") | {"standing": self.state.standing}
        return asdict(replace(self, state=JudgeState())) | {"state": state}


def task_named(name: str) -> Task:
    """A task by the name that is typed, singular or plural.

    Raises:
        ConfigError: There is no such task.
    """
    task = next((task for task in TASKS if name in (task, f"{task}s")), None)
    if task is None:
        raise ConfigError(f"There is no task {name!r}. The judge knows {', '.join(TASKS)}.")
    return task


def judge_workspace(
    workspace: Workspace,
    config: Config,
    labels: pl.DataFrame,
    *,
    sample: int,
    tasks: Sequence[Task] = TASKS,
    now: Callable[[], datetime],
    progress: Progress,
) -> JudgeReport:
    """Judge a sample of each task of the current release, and all of it that people labelled; store the verdicts.

    Args:
        labels: `LABELS`, those that a server has taken in and not stored yet among them.
        sample: Outputs of each task, of every writer alike.

    Raises:
        NotFoundError: There is no release.
        LLMError: The model cannot be used, or lets planted faults pass; nothing is stored.
        BudgetExceeded: The spend cap is reached; start again with a larger one to go on.
    """
    manifest = workspace.release()
    tables = tables_of(workspace, manifest)
    labelled = labelled_cases(labels, tables, config)
    with open_judge(workspace, config, tables, progress) as judge:
        parts = [_part(task, sample, labelled[task], judge, tables, config) for task in tasks]
        usage = _usage(judge)
    rows = pl.concat([verdict_rows(part.outcomes, judge.model_id) for part in parts])
    with workspace.writing():
        verdicts = _stored(workspace, rows)
        pairs = pairs_of(labels, verdicts, judge.model_id)
        state = JudgeState(model=judge.model_id, at=now(), checked=checked_against(pairs, config.judge))
        store_state(workspace, state)
    return JudgeReport(
        release=manifest.release,
        model=judge.model_id,
        judged={part.task: part.n_sampled for part in parts},
        rates=[line for part in parts for line in rate_lines(part.task, part.sampled, part.sizes, pairs, config.judge)],
        caught=[one for part in parts for one in part.caught],
        faults={part.task: _faults(part.sampled) for part in parts},
        usage=usage,
        state=state,
        notes=[note for part in parts for note in _notes(part, judge)],
    )


@contextmanager
def open_judge(workspace: Workspace, config: Config, tables: Tables, progress: Progress) -> Iterator[Judge]:
    """The judge that the settings name; its model is closed at the end."""
    model = None if config.judge.mode == "rules" else open_model(config.llm, workspace.ledger)
    if model is None and config.judge.mode == "model":
        raise ConfigError('judge.mode is "model", but llm.backend is "none". Name a model in [llm], or set "auto".')
    try:
        asked = model if model is not None and (config.judge.mode == "model" or not model.small) else None
        embedder = open_embedder(config.text, workspace.cache, progress)
        yield Judge(standards_of(config, tables), embedder, asked, progress)
    finally:
        if model is not None:
            model.close()


@dataclass(frozen=True)
class _Part:
    """What was judged of one task: first the sample, then what people labelled beside it."""

    task: Task
    outcomes: list[Outcome]
    n_sampled: int
    sizes: dict[str, int]
    caught: list[Caught]

    @property
    def sampled(self) -> list[Outcome]:
        return self.outcomes[: self.n_sampled]


def _part(task: Task, sample: int, labelled: Sequence[Case], judge: Judge, tables: Tables, config: Config) -> _Part:
    drawn = draw(table_of(task, tables), TABLES[task][1], sample)
    cases = cases_of(task, drawn.rows, tables, config)
    sampled = {case.key for case in cases}
    more = [case for case in labelled if case.key not in sampled]
    caught = guarded([*cases, *more], judge)
    return _Part(task, judge.judge([*cases, *more]), len(cases), drawn.sizes, caught)


def guarded(cases: Sequence[Case], judge: Judge) -> list[Caught]:
    """What the model catches of faults planted in the good ones among the cases, in all where rules refuse all.

    Raises:
        LLMAnswerError: It lets too many pass, or refuses the cases without the fault as well.
    """
    if judge.model is None:
        return []
    good = [case for case, faults in zip(cases, judge.faults(cases), strict=True) if not faults]
    caught = caught_by_model(plants_for(good or cases, len(cases), judge), judge)
    must_catch(caught, judge.model_id, judge.standards.judge)
    return caught


def _stored(workspace: Workspace, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the verdicts to those that are stored; the same thing by the same criterion is replaced."""
    earlier = workspace.read("verdicts").join(rows, on=["task", "case_id", "criterion"], how="anti")
    verdicts = pl.concat([earlier, rows]).unique(["task", "case_id", "criterion"], keep="last", maintain_order=True)
    workspace.write("verdicts", verdicts)
    return verdicts


def _faults(outcomes: Sequence[Outcome]) -> dict[str, int]:
    found = Counter(
        f"{ruling.criterion.name}: {ruling.fault}" for outcome in outcomes for ruling in outcome.rulings if ruling.fault
    )
    return dict(found.most_common())


def _notes(part: _Part, judge: Judge) -> list[str]:
    notes = []
    if judge.model is None:
        notes.append(
            f"{part.task}: judged by rules alone. They find faults, not merits: what they pass may still be poor."
        )
    silent = len(part.outcomes) * len(CRITERIA[part.task]) - sum(len(outcome.rulings) for outcome in part.outcomes)
    if silent:
        notes.append(f"{part.task}: {silent:,} questions got no right answer from the model and are left out.")
    unquoted = sum(r.decided_by == "unquoted" for o in part.outcomes for r in o.rulings)
    if unquoted:
        notes.append(f"{part.task}: {unquoted:,} verdicts rest on a quote that stands nowhere in what was shown.")
    return notes + _alike(part)


def _alike(part: _Part) -> list[str]:
    """Criteria by which the model passed everything, or nothing."""
    said: dict[str, Counter[bool]] = {}
    for ruling in (ruling for outcome in part.outcomes for ruling in outcome.rulings):
        if ruling.decided_by != "rule":
            said.setdefault(ruling.criterion.name, Counter())[ruling.passed] += 1
    return [
        f"{part.task} {name}: the model {'passed' if True in verdicts else 'failed'} all {verdicts.total():,} it saw."
        for name, verdicts in said.items()
        if len(verdicts) == 1 and verdicts.total() >= _SAYS_THE_SAME
    ]


def _usage(judge: Judge) -> dict[str, Any]:
    model = judge.model
    used: Mapping[str, Any] = model.usage if isinstance(model, LedgeredModel) else {}
    return {stage: asdict(usage) for stage, usage in used.items()}
