"""Commands of `intentrec labels`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from intentrec.cli import show
from intentrec.cli.common import AsJson, out, printed, state

if TYPE_CHECKING:
    from intentrec.serving.explorer.labels.given import Figures

labels_app = typer.Typer(no_args_is_help=True, help="What people judged on the labels page of `intentrec serve`.")


@labels_app.callback()
def labels() -> None:
    """What people judged on the labels page of `intentrec serve`."""


@labels_app.command("agreement")
def labels_agreement(as_json: AsJson = False) -> None:
    """How far raters agree on each criterion: Cohen's kappa for two, Krippendorff's alpha for more.

    1 is full agreement, 0 is what chance would give. Verdicts that have an order count near misses less than far ones.
    """
    from intentrec.serving.explorer.labels.given import figures, given, waiting_in

    workspace, _ = state.open()
    found = figures(given(workspace, waiting_in(workspace)))
    printed(as_json, [asdict(each) for each in found], lambda: _shown(found))


def _shown(found: "list[Figures]") -> None:
    rows = [
        (
            each.task, each.criterion, each.found.raters, each.found.subjects, each.found.shared,
            _share(each.passed), _share(each.found.observed), each.found.statistic if each.found.shared else "",
            "" if each.found.value is None else f"{each.found.value:.2f}",
        )
        for each in found
    ]  # fmt: skip
    columns = ("task", "criterion", "raters", "things", "of two or more", "passed", "equal", "statistic", "value")
    out.print(show.table("Agreement of raters", columns, rows, right=(2, 3, 4, 5, 6, 8)))
    unknown = sum(each.unknown for each in found)
    if unknown:
        out.print(f"{unknown:,} judgements have verdicts that their criterion does not know; they are left out.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
