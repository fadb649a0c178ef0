"""How outcomes look on a terminal. Text that came from outside is always escaped."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.markup import escape as plain
from rich.panel import Panel
from rich.table import Table

from intentrec.data.report import DataReport
from intentrec.evaluation import VIEWS, Evaluation
from intentrec.pipeline.daily import RunReport
from intentrec.pipeline.doctor import Finding
from intentrec.pipeline.encoder import NearLine
from intentrec.pipeline.encoder_training import TrainedEncoder
from intentrec.pipeline.estimate import RunEstimate
from intentrec.pipeline.ingest import IngestReport
from intentrec.pipeline.why import Chain
from intentrec.workspace import EraseReceipt, Manifest

__all__ = ["plain"]


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int] = ()) -> Table:
    """A table whose cells are shown as they are."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for number, column in enumerate(columns):
        shown.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(plain("" if cell is None else str(cell)) for cell in row))
    return shown


def ingest(out: Console, report: IngestReport) -> None:
    """What came in and what was refused."""
    rows = [(t.table, f"{t.read:,}", f"{t.kept:,}", f"{t.refused:,}") for t in report.tables]
    out.print(table("Ingested", ("table", "rows read", "kept", "quarantined"), rows, right=(1, 2, 3)))
    reasons = [(t.table, reason, f"{n:,}") for t in report.tables for reason, n in t.reasons.items()]
    if reasons:
        out.print(table("Why rows were quarantined", ("table", "reason", "rows"), reasons, right=(2,)))
    out.print("Next: [bold]intentrec data check[/], then [bold]intentrec run[/].")


def data_report(out: Console, report: DataReport) -> None:
    """The report on stored data, one table a section."""
    for title, rows in report.sections():
        out.print(table(title, ("what", "value", "note"), rows))


def run_report(out: Console, report: RunReport, folder: object) -> None:
    """Stages, counts, what the model wrote and what it cost."""
    rows = [(s.step, "reused" if s.reused else "done", _counts(s.counts)) for s in report.steps]
    out.print(table(f"Run as of {report.as_of:%Y-%m-%d %H:%M} UTC", ("stage", "", "counts"), rows))
    for line in report.model_lines():
        out.print(plain(line))
    if report.release is None:
        out.print(f"Stopped after {report.steps[-1].step}; nothing was published.")
        return
    fresh = "Published" if report.published else "Nothing changed; readers keep"
    out.print(f"{fresh} release [bold]{report.release}[/]. Next: [bold]intentrec -w {folder} recommend USER[/]")


def estimate(out: Console, found: RunEstimate) -> None:
    """What a run would ask of the language model."""
    rows = [(f"calls for {stage}", f"{n:,}") for stage, n in found.calls.items()]
    total = found.total
    rows += [("calls to pay", f"{total.calls:,}"), ("answered by the ledger", f"{total.hits:,}")]
    rows += [("tokens in, about", f"{total.prompt_tokens:,}"), ("tokens out, at most", f"{total.completion_tokens:,}")]
    rows.append(("USD, at most", f"{total.usd:.2f}"))
    out.print(table(f"Dry run with {found.model}: nothing was asked", ("what", "number"), rows, right=(1,)))
    for note in found.notes:
        out.print(plain(note))


def recommendations(out: Console, frame: pl.DataFrame) -> None:
    """One user's list with reasons."""
    rows = [
        (r["rank"], r["item_id"], r["title"], f"{r['score']:.3f}", r["source"], r["interest"], r["reason"])
        for r in frame.to_dicts()
    ]
    out.print(table("Recommendations", ("", "item", "title", "score", "by", "interest", "reason"), rows, right=(0, 3)))


def chain(out: Console, found: Chain) -> None:
    """Everything behind one recommendation."""
    out.print(Panel(plain(f"{found.item_id}  {found.title}\nfor {found.user_id}: {found.reason}"), title="What"))
    out.print(table("Score", ("part", "value", "meaning"), found.score_rows()))
    if found.interest:
        out.print(table("Interest and tag", ("what", "text"), found.interest_rows()))
    if found.lines:
        out.print(Panel(plain("\n".join(found.lines)), title="Profile lines behind it"))
    if found.events:
        columns = ("row", "time", "event", "item", "title")
        rows = [
            (e["row"], f"{e['timestamp']:%Y-%m-%d %H:%M}", e["event"], e["item_id"], e["title"]) for e in found.events
        ]
        out.print(table("Raw events", columns, rows, right=(0,)))


def evaluation(out: Console, found: Evaluation) -> None:
    """The comparison, one table a view."""
    columns = [column.replace("category_", "") for column in found.columns()]
    meanings = {view.name: view.meaning for view in VIEWS}
    for name in found.views:
        title = f"View '{name}': {meanings[name]}"
        out.print(table(title, columns, found.rows(name), right=range(1, len(columns))))
    out.print("* significantly below the first row, + significantly above it (paired bootstrap over users, Holm)")
    for note in found.notes:
        out.print(plain(note))


def comparison(out: Console, found: Evaluation) -> None:
    """Quality, then what each road costs and gives."""
    evaluation(out, found)
    systems = [system for system in found.systems if system in set(found.roads["system"])]
    measures = found.roads.select("question", "measure", "unit").unique(maintain_order=True)
    rows = []
    for question, measure, unit in measures.iter_rows():
        mine = found.roads.filter(question=question, measure=measure)
        cells = {row["system"]: _road(row["value"], row["said"]) for row in mine.iter_rows(named=True)}
        rows.append((question, measure, unit, *(cells.get(system, "") for system in systems)))
    out.print(table("The roads", ("", "measure", "unit", *systems), rows))


def _road(value: float | None, said: str | None) -> str:
    if value is None:
        return said or ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def trained_encoder(out: Console, found: TrainedEncoder) -> None:
    """A training, an epoch a row, and what was encoded after it."""
    if not found.trained:
        out.print(f"Nothing to train: encoder {found.version} of {found.trained_as_of} is young enough.")
    rows = [
        (
            epoch["epoch"] + 1, f"{epoch['loss']:.4f}", "" if epoch["recall"] is None else f"{epoch['recall']:.4f}",
            f"{epoch['pairs_per_second']:.1f}", f"{epoch['tokens_per_second']:,.0f}",
            f"{epoch['from_impressions']:.0%}",
        )
        for epoch in found.history
    ]  # fmt: skip
    columns = ("epoch", "loss", "validation recall", "pairs/s", "tokens/s", "hard negatives that were shown")
    if rows and found.trained:
        out.print(table("Training", columns, rows, right=range(len(columns))))
    out.print(
        f"Vectors of {found.n_texts:,} texts are ready; {found.n_encoded:,} were new, {found.n_tokens:,} tokens. "
        "Next: intentrec encoder recommend USER"
    )


def near_line(out: Console, now: NearLine, frame: pl.DataFrame) -> None:
    """One user's list, and how many texts had to be read anew for it."""
    rows = [(r["rank"], r["item_id"], r["title"], f"{r['score']:.3f}") for r in frame.to_dicts()]
    out.print(table("By the encoder", ("", "item", "title", "score"), rows, right=(0, 3)))
    out.print(f"{now.n_encoded:,} texts were new or changed since the last time.")


def release_row(manifest: Manifest, current: Manifest | None) -> dict[str, Any]:
    """One release as a row."""
    return {
        "release": manifest.release,
        "current": current is not None and current.release == manifest.release,
        "as_of": manifest.as_of.isoformat(),
        "created_at": manifest.created_at.isoformat(timespec="seconds"),
        "rows": {name: ref.rows for name, ref in manifest.tables.items()},
    }


def releases(out: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """All releases, the current one marked."""
    shown = [("*" if r["current"] else "", r["release"], r["as_of"], r["created_at"]) for r in rows]
    out.print(table("Releases", ("", "release", "as of", "published"), shown))


def receipt(out: Console, erased: EraseReceipt) -> None:
    """What an erasure removed."""
    rows = [(name, n) for name, n in erased.rows.items() if n]
    rows.append(("calls in the ledger", erased.ledger_calls))
    out.print(table(f"Erased {erased.user_id}", ("where", "rows"), rows, right=(1,)))
    if erased.releases_dropped:
        out.print(f"Dropped releases: {', '.join(erased.releases_dropped)}.")


def findings(out: Console, found: Sequence[Finding]) -> None:
    """What the doctor saw."""
    marks = {True: "ok", False: "FAULT", None: "note"}
    out.print(table("Doctor", ("", "what", "finding"), [(marks[f.ok], f.what, f.message) for f in found]))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())
