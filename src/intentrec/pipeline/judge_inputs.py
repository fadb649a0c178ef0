"""What the judge reads: the tables of a release as cases, and the standards of the settings."""

from collections.abc import Mapping

import polars as pl

from intentrec.config import Config
from intentrec.judge.cases import Case, Tables, explanation_cases, interest_cases, tag_cases
from intentrec.judge.checks import Standards
from intentrec.judge.criteria import TASKS, Task
from intentrec.judge.people import label_case
from intentrec.judge.sampling import TABLES
from intentrec.text.wording import script_of
from intentrec.workspace import Manifest, Workspace

_READ = ("items", "events", "catalogue", "interests", "tags", "explanations")


def tables_of(workspace: Workspace, manifest: Manifest) -> Tables:
    """The tables of a release that cases are made from."""
    frames = {name: workspace.read_release(name, manifest) for name in _READ}
    return Tables(**frames, as_of=manifest.as_of)


def standards_of(config: Config, tables: Tables) -> Standards:
    """The settings that outputs are held against, with the brands and scripts of the catalogue."""
    brands: list[str] = tables.items["brand"].drop_nulls().to_list() if "brand" in tables.items.columns else []
    return Standards(
        judge=config.judge,
        interests=config.interests,
        tags=config.tags,
        explanations=config.explanations,
        language=config.language,
        brands=frozenset(brands),
        scripts=frozenset(script_of(phrase) for phrase in tables.catalogue["phrase"].unique()),
    )


def cases_of(task: Task, rows: pl.DataFrame, tables: Tables, config: Config) -> list[Case]:
    """One case for each row of the task's table, in their order."""
    if task == "interest":
        return list(interest_cases(rows, tables))
    if task == "explanation":
        return list(explanation_cases(rows, tables))
    # What shows no wish, by the settings of tags or by its role, is no history, as when tags were made.
    ignored = tuple(sorted({*config.tags.ignored_events, *config.events.named("negative")}))
    return list(tag_cases(rows, tables, config.tags.model_copy(update={"ignored_events": ignored})))


def table_of(task: Task, tables: Tables) -> pl.DataFrame:
    """The table whose rows a task judges."""
    found: pl.DataFrame = getattr(tables, TABLES[task][0])
    return found


def labelled_cases(labels: pl.DataFrame, tables: Tables, config: Config) -> dict[Task, list[Case]]:
    """What people labelled, as far as it stands in these tables; each once."""
    wanted = {label_case(row) for row in labels.iter_rows(named=True)}
    found: dict[Task, list[Case]] = {}
    for task in TASKS:
        cases = cases_of(task, _with_words(task, labels, tables), tables, config)
        found[task] = list({case.key: case for case in cases if case.key in wanted}.values())
    return found


def _with_words(task: Task, labels: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Rows whose user or item and words are those of a label: few are not what was labelled."""
    who = "item_id" if task == "explanation" else "user_id"
    said = {"interest": "interest", "tag": "tag", "explanation": "text"}[task]
    words = labels.filter(pl.col("task") == task).select(who, pl.col("text").alias(said)).unique()
    return table_of(task, tables).join(words, on=[who, said], how="semi")


def all_labelled_cases(workspace: Workspace, labels: pl.DataFrame, config: Config) -> Mapping[str, Case]:
    """What people labelled by case id, in whatever release it stands; the latest release that holds it counts."""
    wanted = {label_case(row) for row in labels.iter_rows(named=True)}
    found: dict[str, Case] = {}
    for manifest in reversed(workspace.releases.list()):
        if len(found) == len(wanted):
            break
        cases = labelled_cases(labels, tables_of(workspace, manifest), config)
        for case in (case for of_task in cases.values() for case in of_task):
            found.setdefault(case.key, case)
    return found
