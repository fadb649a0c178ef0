"""How the judge's outcomes look on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.panel import Panel

from intentrec.cli.show import plain, table
from intentrec.judge.cases import Case
from intentrec.judge.criteria import criteria_of
from intentrec.judge.outcome import GRADE
from intentrec.judge.rates import Rate
from intentrec.judge.showing import shown
from intentrec.pipeline.judge_people import AgainstPeople, ChatData
from intentrec.pipeline.judging import JudgeReport

_LINES = 40


def report(out: Console, found: JudgeReport) -> None:
    """Pass rates, faults, what was caught, and whether to believe it."""
    rows = [
        (line.task, _named(line.criterion), line.writer, f"{line.n:,}",
         _rate(line.judged), _rate(line.corrected) or line.why_not)
        for line in found.rates
    ]  # fmt: skip
    judge = "rules alone" if found.model == "none" else f"rules and {found.model}"
    columns = ("task", "criterion", "written by", "judged", "the judge passes", "people would pass")
    out.print(table(f"Release {found.release}, judged by {judge}", columns, rows, right=(3,)))
    faults = [(task, fault, f"{n:,}") for task, counts in found.faults.items() for fault, n in counts.items()]
    if faults:
        out.print(table("Faults that rules found", ("task", "fault", "outputs"), faults, right=(2,)))
    if found.caught:
        caught = [
            (one.task, one.kind, f"{one.caught} of {one.shown}", f"{one.refused} of {one.shown}")
            for one in found.caught
        ]
        names = ("task", "kind", "refused with the fault", "refused without it")
        out.print(table("Planted faults that the model was shown", names, caught))
    for note in [*found.notes, _capital(found.state.sentence())]:
        out.print(plain(note), soft_wrap=True)


def told(case: Case, language: str) -> dict[str, Any]:
    """A case and its criteria as values, without who wrote it: that would be judged, too."""
    criteria = [
        {"criterion": c.name, "question": c.question, "verdicts": {level: c.meanings[level] for level in c.levels}}
        for c in criteria_of(case.task, language)
    ]
    values = shown(case, language, _LINES) | {"recent": list(case.recent) if hasattr(case, "recent") else []}
    return {"id": case.key, **values, "lines": list(values["lines"]), "criteria": criteria}


def to_judge(out: Console, cases: Sequence[Mapping[str, Any]], rater: str) -> None:
    """Things to be judged, with the command that keeps a verdict."""
    if not cases:
        out.print(f"{rater} has judged everything that is to be judged of this release.")
    for case in cases:
        interest = "" if case["task"] == "interest" else case["interest"]
        known = [("interest", interest), ("reason", case["reason"]), ("month", case["month"])]
        head = "\n".join(f"{name}: {value}" for name, value in known if value)
        body = "\n".join([f"{case['task']}: {case['text']}", head, *case["lines"], *_recent(case)])
        out.print(Panel(plain(body), title=case["id"], title_align="left"))
        rows = [
            (
                c["criterion"],
                c["question"],
                "; ".join(": ".join(pair) for pair in c["verdicts"].items()),
            )
            for c in case["criteria"]
        ]
        out.print(table("", ("criterion", "question", "verdicts"), rows))
        one = case["criteria"][0]
        level = next(reversed(one["verdicts"]))
        out.print(f"intentrec labels add {case['id']} --rater {plain(rater)} --verdict {one['criterion']}={level} ...")


def _recent(case: Mapping[str, Any]) -> list[str]:
    return [f"just touched: {', '.join(case['recent'])}"] if case["recent"] else []


def against_people(out: Console, found: AgainstPeople) -> None:
    """Figures of the judge, a criterion a row."""
    rows = [
        (
            one.task,
            _named(one.criterion),
            f"{one.n:,}",
            *map(_rate, one.figures.values()),
        )
        for one in found.standings
    ]
    names = tuple(found.standings[0].figures) if found.standings else ()
    judge = "rules alone" if found.model == "none" else f"rules and {found.model}"
    out.print(table(f"The judge ({judge}) against people", ("task", "criterion", "outputs", *names), rows, right=(2,)))
    out.print(plain(_capital(found.state.sentence())), soft_wrap=True)


def chats(out: Console, data: ChatData) -> None:
    """What was written of training data."""
    rows = [(name, f"{n:,}", f"{data.kept.get(name, 0):,}") for name, n in data.labelled.items()]
    out.print(table("Training data for a judge", ("criterion", "labelled", "written"), rows, right=(1, 2)))
    if data.lost:
        out.print(f"{data.lost:,} labelled outputs stand in no release any more and are left out.")


def _named(criterion: str) -> str:
    return "whole" if criterion == GRADE else criterion


def _rate(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.value:.3f} [{rate.low:.3f}, {rate.high:.3f}]"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:] + "."
