"""What the comparison cost, how far seeds lie apart, and what was tried for the baselines."""

import polars as pl

from intentrec.evaluation.reports.look import Look
from intentrec.evaluation.reports.parts import Part, Table, number, whole, words


def costs(look: Look) -> Part:
    """Seconds, milliseconds, megabytes."""
    rows = [
        [words(row["system"]), number(row["train_s"], 2), number(row["ms_per_user"], 3), number(row["mb"], 2)]
        for row in look.found.costs.iter_rows(named=True)
    ]
    reading = (
        "Training once the settings were known, ranking of one user's full list, and what was learned (10^6 bytes); "
        "empty where it is not known. Times are of the machine that ran the comparison."
    )
    columns = ["system", "training, s", "ranking, ms per user", "size, MB"]
    return Part("Cost", [reading] if rows else [], [Table("Cost of each system", columns, rows)] if rows else [])


def spread(look: Look) -> Part:
    """Means of single seeds."""
    kept = look.found.spread.filter(pl.col("metric").is_in(look.headline))
    tables = []
    for view in kept["view"].unique(maintain_order=True):
        rows = [
            [
                words(row["system"]), words(row["metric"]), whole(row["seeds"]), number(row["mean"], look.digits),
                *(number(row[name], look.digits) for name in ("std", "least", "most")),
            ]
            for row in kept.filter(pl.col("view") == view).iter_rows(named=True)
        ]  # fmt: skip
        columns = ["system", "metric", "seeds", "mean", "standard deviation", "least", "most"]
        tables.append(Table(f"Spread over seeds, view “{view}”", columns, rows))
    reading = (
        "How far the means of single seeds lie apart (standard deviation with n - 1). The tests above average each "
        "user over the seeds first."
    )
    return Part("Spread over seeds", [reading] if tables else [], tables)


def tuning(look: Look) -> Part:
    """Every setting that was tried."""
    frame = look.found.tuning
    chosen = {row["system"]: row for row in frame.filter("chosen").iter_rows(named=True)}
    counted = frame.group_by("system", maintain_order=True).len().iter_rows()
    best = [
        [words(system), whole(n), words(chosen.get(system, {}).get("setting")),
         number(chosen.get(system, {}).get("recall"), look.digits)]
        for system, n in counted
    ]  # fmt: skip
    trials = [
        [words(row["system"]), whole(row["trial"]), words(row["setting"]), number(row["recall"], look.digits),
         words("chosen" if row["chosen"] else None)]
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip
    if not trials:
        return Part("Tuning", [], [])
    tables = [
        Table("Chosen settings", ["system", "trials", "setting", "recall on validation"], best),
        Table("All trials", ["system", "trial", "setting", "recall on validation", ""], trials, folded=True),
    ]
    return Part("Tuning", ["Settings were chosen on the window before the cut, with one budget of trials."], tables)
