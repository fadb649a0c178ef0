"""How the outcomes of `intentrec align` look on a terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from intentrec.cli.show import plain, table
from intentrec.pipeline.align_estimate import AlignEstimate
from intentrec.pipeline.align_report import AlignReport, Step
from intentrec.pipeline.align_status import AdapterLine
from intentrec.pipeline.aligning import Exported
from intentrec.pipeline.shipped import DO_WITHOUT


def report(out: Console, found: AlignReport) -> None:
    """Data, trainings, figures, and what became of the adapter."""
    _counts(out, f"Answers to questions of {found.task} as of {found.as_of:%Y-%m-%d}", found.judged)
    out.print(
        table("Trainings", ("adapter", "method", "", "samples", "loss", "tokens/s"), list(map(_step, found.steps)))
    )
    names = list(dict.fromkeys(name for own in found.figures.values() for name in own))
    rows = [(who, *(_figure(own.get(name)) for name in names)) for who, own in found.figures.items()]
    held_out = found.questions.get("held out", 0)
    out.print(table(f"On {held_out:,} held-out questions", ("answered by", *names), rows, right=range(1, 3)))
    for one in found.decision.compared:
        out.print(plain(f"{one.sentence()}."), soft_wrap=True)
    for note in found.notes:
        out.print(plain(note), soft_wrap=True)
    out.print(_outcome(found), soft_wrap=True)


def _outcome(found: AlignReport) -> str:
    if found.published:
        return f"[bold]Published[/] {plain(found.name)}: {found.task} uses it from now on ({plain(found.folder)})."
    if found.decision.accepted:
        return f"{plain(found.name)} would be accepted; it lies at {plain(found.folder)} and is not used."
    why = plain(" ".join(found.decision.refusals))
    return f"[bold]Refused[/] {plain(found.name)}, held against {plain(found.against)}: {why}"


def _step(step: Step) -> tuple[str, ...]:
    samples = ", ".join(f"{source} {n:,}" for source, n in step.samples.items())
    loss, speed = step.figures.get("loss"), step.figures.get("tokens_per_second")
    told = ("" if loss is None else f"{loss:.4f}", "" if speed is None else f"{speed:,.0f}")
    return step.name, step.method, "trained" if step.trained else "found", samples, *told


def estimate(out: Console, found: AlignEstimate) -> None:
    """What a run would ask and train."""
    rows = [(f"questions {what}", f"{n:,}") for what, n in found.questions.items()]
    rows += [("samples before the judge", f"{found.samples:,}"), ("teacher", found.teacher)]
    rows += [("calls to the teacher", f"{found.asked.calls:,}"), ("tokens in, about", f"{found.asked.prompt_tokens:,}")]
    rows += [("tokens out, at most", f"{found.asked.completion_tokens:,}"), ("USD, at most", f"{found.asked.usd:.2f}")]
    rows.append(("first training", found.training))
    out.print(table(f"Dry run with {found.model}: nothing was asked or trained", ("what", "number"), rows, right=(1,)))
    for note in found.notes:
        out.print(plain(note), soft_wrap=True)


def samples(out: Console, made: Exported) -> None:
    """Samples that were made and files that were written."""
    _counts(out, "Samples", made.samples)
    for file, n in made.written.items():
        out.print(f"Wrote {n:,} lines to {plain(file)}.", soft_wrap=True)


def base(out: Console, written: Mapping[str, str]) -> None:
    """Where the weights were written, and how adapters of theirs are used with the folder."""
    out.print(
        f"Wrote {plain(written['base'])} to {plain(written['folder'])}. In torch (llm.weights) adapters that learned "
        f'on it are taken there with base_sha256 = "{written["sha256"]}".',
        soft_wrap=True,
    )


def status(out: Console, found: Sequence[AdapterLine]) -> None:
    """All adapters, a row each."""
    if not found:
        out.print("There are no adapters yet. Make one: intentrec align --task tags")
        return
    rows = [
        (
            one.task, one.name, f"{one.standing}, overruled" if one.overruled else one.standing, one.method, one.model,
            f"{one.as_of:%Y-%m-%d}", ", ".join(f"{name} {value:.3f}" for name, value in one.figures.items()),
        )
        for one in found
    ]  # fmt: skip
    out.print(table("Adapters", ("task", "name", "", "method", "model", "as of", "figures"), rows))
    for one in found:
        if one.shipped and one.standing == "in use":
            out.print(plain(f"{one.name}: {one.folder}; to do without it, set {DO_WITHOUT}."), soft_wrap=True)
        for why in one.refusals:
            out.print(plain(f"{one.name}: {why}"), soft_wrap=True)
    if any(one.overruled for one in found):
        out.print("Overruled: \\[llm.adapters] in intentrec.toml names another adapter for the stage, or none.")


def _counts(out: Console, title: str, counts: Mapping[str, int]) -> None:
    out.print(table(title, ("source", "number"), [(name, f"{n:,}") for name, n in counts.items()], right=(1,)))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
