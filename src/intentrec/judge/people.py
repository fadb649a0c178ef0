"""The judge held against people: what they labelled, by criterion."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from intentrec.judge.agreement import cohen_kappa
from intentrec.judge.cases import case_id
from intentrec.judge.criteria import CRITERIA, criterion_of
from intentrec.judge.outcome import GRADE
from intentrec.judge.rates import JudgeErrors, Rate

_SAMPLES = 1000
_PASS = ("fail", "pass")


@dataclass(frozen=True)
class Pair:
    """One output that people and the judge have both judged by one criterion.

    Attributes:
        person: Whether people passed it.
        judge: Whether the judge did.
        at: When the latest label was given, in seconds.
    """

    case_id: str
    person: bool
    judge: bool
    at: float


@dataclass(frozen=True)
class Standing:
    """How the judge stands against people by one criterion; to pass is the positive class.

    Attributes:
        figures: accuracy, precision, recall, f1 and kappa with bootstrap intervals; None where one is not defined, as
            kappa is where all verdicts are the same.
    """

    task: str
    criterion: str
    n: int
    figures: dict[str, Rate | None]
    errors: JudgeErrors


def truths(labels: pl.DataFrame) -> pl.DataFrame:
    """What people say of each output by each criterion: task, case_id, criterion, passed, verdict, n_raters, at.

    Each rater's latest verdict counts and the majority decides whether it passes; where raters are split evenly there
    is no truth. `verdict` is the commonest on that side. The criterion 'grade' holds the whole: bad with any defect,
    where every defect was judged. Labels by criteria or with verdicts that are not ours are passed over.

    Args:
        labels: `LABELS`.
    """
    votes: dict[tuple[str, str, str], dict[str, _Vote]] = {}
    for row in labels.sort("at", "label_id").iter_rows(named=True):
        criterion = criterion_of(row["task"], row["criterion"])
        if criterion is not None and row["verdict"] in criterion.levels:
            key = (row["task"], label_case(row), row["criterion"])
            vote = _Vote(row["at"].timestamp(), row["verdict"], row["verdict"] in criterion.passes)
            votes.setdefault(key, {})[row["rater"]] = vote
    rows = [(*key, *decided) for key, given in votes.items() if (decided := _majority(list(given.values())))]
    schema = {"task": pl.String, "case_id": pl.String, "criterion": pl.String, "passed": pl.Boolean}
    found = pl.DataFrame(rows, schema | {"verdict": pl.String, "n_raters": pl.Int64, "at": pl.Float64}, orient="row")
    return pl.concat([found, _wholes(found)])


class _Vote(NamedTuple):
    """One rater's verdict on one output, `at` in seconds."""

    at: float
    verdict: str
    passed: bool


def _wholes(found: pl.DataFrame) -> pl.DataFrame:
    """Rows of the criterion 'grade' for outputs of which every defect was judged."""
    defects = [(task, c.name) for task, criteria in CRITERIA.items() for c in criteria if not c.merit]
    listed = pl.DataFrame(defects, {"task": pl.String, "criterion": pl.String}, orient="row")
    needed = listed.group_by("task").len("_needed")
    wholes = found.join(listed, on=["task", "criterion"], how="semi").group_by("task", "case_id", maintain_order=True)
    summed = wholes.agg(pl.col("passed").all(), pl.col("n_raters").min(), pl.col("at").max(), pl.len().alias("_judged"))
    return (
        summed.join(needed, on="task")
        .filter(pl.col("_judged") == pl.col("_needed"))
        .with_columns(
            criterion=pl.lit(GRADE), verdict=pl.when("passed").then(pl.lit("average")).otherwise(pl.lit("bad"))
        )
        .select(found.columns)
    )


def label_case(row: dict[str, object]) -> str:
    """The case that a row of `LABELS` is about; see `case_id`."""
    user, item, interest = (str(row[name] or "") for name in ("user_id", "item_id", "interest"))
    return case_id(str(row["task"]), user, item, interest, str(row["text"] or ""))


def _majority(votes: Sequence[_Vote]) -> tuple[bool, str, int, float] | None:
    passing = [vote for vote in votes if vote.passed]
    failing = [vote for vote in votes if not vote.passed]
    if len(passing) == len(failing):
        return None
    won = max(passing, failing, key=len)
    verdicts = Counter(vote.verdict for vote in won)
    commonest = min(verdicts, key=lambda verdict: (-verdicts[verdict], verdict))
    return won is passing, commonest, len(votes), max(vote.at for vote in votes)


def pairs_of(labels: pl.DataFrame, verdicts: pl.DataFrame, model: str) -> dict[tuple[str, str], list[Pair]]:
    """What people and one judge both judged, by task and criterion, the latest labels first.

    Args:
        verdicts: `VERDICTS`; only those of the judge with this model count.
    """
    mine = verdicts.filter(pl.col("model") == model).select("task", "case_id", "criterion", judge="passed")
    both = truths(labels).join(mine, on=["task", "case_id", "criterion"], how="inner")
    found: dict[tuple[str, str], list[Pair]] = {}
    for row in both.sort("at", "case_id", descending=[True, False]).iter_rows(named=True):
        pair = Pair(row["case_id"], row["passed"], row["judge"], row["at"])
        found.setdefault((row["task"], row["criterion"]), []).append(pair)
    return found


def errors_of(pairs: Sequence[Pair]) -> JudgeErrors:
    """Right and wrong verdicts of the judge on good and on bad outputs."""
    good = [pair.judge for pair in pairs if pair.person]
    bad = [not pair.judge for pair in pairs if not pair.person]
    return JudgeErrors(len(good), sum(good), len(bad), sum(bad))


def standing_of(task: str, criterion: str, pairs: Sequence[Pair], confidence: float) -> Standing:
    """Figures with intervals from resampled outputs; the same pairs always give the same intervals."""
    person = np.array([pair.person for pair in pairs], dtype=np.bool_)
    judge = np.array([pair.judge for pair in pairs], dtype=np.bool_)
    whole = figures_of(person, judge)
    seed = sha256(f"{task}\0{criterion}".encode()).digest()[:8]
    rng = np.random.default_rng(int.from_bytes(seed, "little"))
    draws = [rng.integers(0, len(pairs), size=len(pairs)) for _ in range(_SAMPLES)] if pairs else []
    resampled = [figures_of(person[draw], judge[draw]) for draw in draws]
    figures = {name: _rate(value, [one[name] for one in resampled], confidence) for name, value in whole.items()}
    return Standing(task, criterion, len(pairs), figures, errors_of(pairs))


def figures_of(person: NDArray[np.bool_], judge: NDArray[np.bool_]) -> dict[str, float | None]:
    """Agreement of two columns of verdicts; None where a figure is not defined."""
    both, either = int((person & judge).sum()), int(person.sum()) + int(judge.sum())
    return {
        "accuracy": float((person == judge).mean()) if len(person) else None,
        "precision": both / int(judge.sum()) if judge.any() else None,
        "recall": both / int(person.sum()) if person.any() else None,
        "f1": 2 * both / either if either else None,
        "kappa": _kappa(person, judge),
    }


def _kappa(person: NDArray[np.bool_], judge: NDArray[np.bool_]) -> float | None:
    return cohen_kappa([_PASS[int(verdict)] for verdict in person], [_PASS[int(verdict)] for verdict in judge])


def _rate(value: float | None, resampled: Sequence[float | None], confidence: float) -> Rate | None:
    defined = [one for one in resampled if one is not None]
    if value is None or not defined:
        return None
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(defined, [tail, 1.0 - tail])
    return Rate(value, float(low), float(high))
