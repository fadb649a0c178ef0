"""What raters pass of each writer's outputs."""

from collections.abc import Iterator, Sequence

import polars as pl

from benchmarks.judge.samples import Sample
from intentrec.judge.criteria import TASKS, Task, criteria_of
from intentrec.judge.outcome import GRADE
from intentrec.judge.people import truths
from intentrec.judge.rates import Passed, uncorrected

CONFIDENCE = 0.95
ALL = "all"


def by_writer(samples: Sequence[Sample], labels: pl.DataFrame) -> Iterator[str]:
    """Markdown: a row a task, shop and writer with the share of its outputs that pass as a whole and by criterion.

    An output that several writers gave counts for each; one on which raters are split counts by no criterion.
    """
    passed = {(row["task"], row["case_id"], row["criterion"]): row["passed"] for row in truths(labels).to_dicts()}
    yield "| task | shop | writer | outputs | pass | by criterion |"
    yield "|---|---|---|---|---|---|"
    for task in TASKS:
        known = {key[1:]: value for key, value in passed.items() if key[0] == task}
        own = [s for s in samples if not s.planted and (s.case.key, GRADE) in known]
        shops = sorted({sample.shop for sample in own})
        for shop in [*shops, ALL] if len(shops) > 1 else shops:
            of_shop = [sample for sample in own if shop in (sample.shop, ALL)]
            for writer in dict.fromkeys(name for sample in of_shop for name in sample.writers):
                keys = [sample.case.key for sample in of_shop if writer in sample.writers]
                yield _row(task, shop, writer, keys, known)


def _row(task: Task, shop: str, writer: str, keys: Sequence[str], known: dict[tuple[str, str], bool]) -> str:
    of = {name: [known[key, name] for key in keys if (key, name) in known] for name in (GRADE, *_names(task))}
    n = len(of[GRADE])
    whole = uncorrected(Passed(sum(of[GRADE]) / n, n, n), CONFIDENCE)
    parts = ", ".join(f"{name} {sum(of[name]) / len(of[name]):.2f}" for name in _names(task) if of[name])
    cells = [task, shop, writer, f"{n}", f"{whole.value:.2f} [{whole.low:.2f}, {whole.high:.2f}]", parts]
    return "| " + " | ".join(cells) + " |"


def _names(task: Task) -> list[str]:
    return [criterion.name for criterion in criteria_of(task, "en")]
