"""How experiments look on a terminal."""

from collections.abc import Sequence

from rich.console import Console

from intentrec.cli.show import plain, table
from intentrec.serving.experiments.analysis import Analysis
from intentrec.serving.experiments.record import ExperimentRecord
from intentrec.serving.experiments.view import view


def experiments(out: Console, found: Sequence[ExperimentRecord]) -> None:
    """One row an experiment."""
    if not found:
        out.print("None is defined. A section \\[serving.experiments.NAME] of intentrec.toml defines one.")
        return
    rows = [
        (
            each.name, each.phase + ", A/A" * each.aa,
            ", ".join(f"{arm} {share:.0%}" for arm, share in each.arms.items()), f"{each.traffic:.0%}", each.primary,
            f"{each.start:%Y-%m-%d}" if each.start else "", f"{each.end:%Y-%m-%d}" if each.end else "",
        )
        for each in found
    ]  # fmt: skip
    columns = ("experiment", "state", "arms", "traffic", "primary", "from", "to")
    out.print(table("Experiments", columns, rows, right=(3,)))


def report(out: Console, found: Analysis) -> None:
    """The verdict with its reasons, the arms and the metrics."""
    told = view(found)
    out.print(f"[bold]{plain(told.name)}: {told.verdict}[/]")
    for line in told.reasons:
        out.print(plain(line), soft_wrap=True)
    out.print(table("Arms", ("arm", "share", "exposed users", "what it changes"), told.arms, right=(1, 2)))
    out.print(plain(told.ratio), soft_wrap=True)
    columns = ("metric", "arm", "control", "arm's level", "change", "interval", "p")
    rows = [(row.metric, row.arm, *row.cells) for row in told.metrics]
    out.print(table("Metrics, valid at every look", columns, rows, right=(2, 3, 4, 5, 6)))
    for note in told.notes:
        out.print(plain(note), soft_wrap=True)
