"""The table of systems: means with intervals, marks, and the tests behind them."""

import polars as pl

from intentrec.evaluation.frames import EVERYONE
from intentrec.evaluation.reports import plots
from intentrec.evaluation.reports.look import Look, meaning
from intentrec.evaluation.reports.marks import verdict
from intentrec.evaluation.reports.parts import Figure, Part, Table, number, words


def systems(look: Look) -> Part:
    """Every system in every view."""
    reading = (
        "Means over users, with intervals where a number belongs to users. The best of a column is bold. Marks say how "
        f"a number stands to that of “{look.reference}”: ▲ above and ▼ below by both paired tests (bootstrap and "
        "Wilcoxon over users, p < .05 after Holm's correction), △ and ▽ by one of them only."
    )
    return Part("Systems", [reading], [_view(look, view) for view in look.found.views])


def _view(look: Look, view: str) -> Part:
    tested = look.opponents(view)
    said = [
        verdict(look.marks, (view, EVERYONE, metric), look.reference, tested)
        for metric in (f"recall@{look.long}", f"ndcg@{look.short}")
        if tested
    ]
    content: list[Table | Figure | Part] = [_headline(look, view), _recall(look, view), _everything(look, view)]
    if look.found.comparisons.height:
        content.append(_tests(look, view))
    return Part(f"{meaning(view)} ({look.users(view)} users)", said, content)


def _headline(look: Look, view: str) -> Table:
    rows = [
        [words(system), *(look.cell(view, metric, system) for metric in look.headline)] for system in look.found.systems
    ]
    return Table(f"Systems, view “{view}”", ["system", *look.headline], rows)


def _recall(look: Look, view: str) -> Figure:
    metrics = list(dict.fromkeys([f"recall@{look.short}", f"recall@{look.long}"]))
    found = [
        {"row": metric, "system": system, **{key: row[key] for key in ("value", "low", "high")}}
        for metric in metrics
        for system in look.found.systems
        if (row := look.row(view, EVERYONE, metric, system)) is not None
    ]
    rows = [[words(system), *(look.cell(view, metric, system) for metric in metrics)] for system in look.found.systems]
    return Figure(
        f"Recall with intervals, view “{view}”",
        "Each point is the share of a user's targets that a system finds, averaged over users, the line its interval.",
        lambda: plots.dots(found, "recall", look.found.systems, metrics),
        Table(f"Recall, view “{view}”", ["system", *metrics], rows, folded=True),
    )


def _everything(look: Look, view: str) -> Table:
    measured = look.found.summary.filter(pl.col("view") == view, pl.col("stratum") == EVERYONE)["metric"]
    rows = [
        [words(metric), *(look.cell(view, metric, system) for system in look.found.systems)]
        for metric in measured.unique(maintain_order=True)
    ]
    return Table(f"All metrics, view “{view}”", ["metric", *look.found.systems], rows, folded=True)


def _tests(look: Look, view: str) -> Table:
    wanted = [metric for metric in look.headline if metric.startswith(("recall@", "ndcg@"))]
    compared = look.found.comparisons.filter(
        pl.col("view") == view, pl.col("stratum") == EVERYONE, pl.col("metric").is_in(wanted)
    )
    rows = [
        [
            words(row["metric"]), words(row["system"]), words(row["against"]),
            number(row["difference"], look.digits, interval=(row["low"], row["high"])),
            number(row["p_holm"], look.digits), number(row["p_wilcoxon_holm"], look.digits),
        ]
        for row in compared.iter_rows(named=True)
    ]  # fmt: skip
    columns = ["metric", "system", "against", "difference", "p, bootstrap, Holm", "p, Wilcoxon, Holm"]
    return Table(f"Paired tests, view “{view}”", columns, rows, folded=True)
