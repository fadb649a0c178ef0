"""From a comparison to its report."""

from intentrec.errors import ConfigError
from intentrec.evaluation.report import Evaluation
from intentrec.evaluation.reports.channels import exclusive, exposure, tag_hits
from intentrec.evaluation.reports.look import Look
from intentrec.evaluation.reports.parts import Report
from intentrec.evaluation.reports.record import costs, spread, tuning
from intentrec.evaluation.reports.roads import roads
from intentrec.evaluation.reports.strata import strata
from intentrec.evaluation.reports.systems import systems
from intentrec.evaluation.reports.trade import trade

_SOURCE = {
    "Command": ("command",),
    "Seeds": ("seeds", "seed"),
    "Data": ("data", "data version"),
    "Package": ("package", "package version"),
}
_SAID_OTHERWISE = ("split", "protocol", "cut", "targets")
UNSTATED = "not stated"


def report_of(
    found: Evaluation, *, title: str = "Comparison of recommenders", reference: str | None = None, digits: int = 4
) -> Report:
    """All sections that have something to show.

    Args:
        found: The comparison.
        title: Of the report.
        reference: The system that marks stand against; the first one where it is None.
        digits: Behind the point.

    Raises:
        ConfigError: The reference is none of the systems.
    """
    names = found.systems
    if reference is not None and reference not in names:
        raise ConfigError(f"There is no system {reference!r}; the comparison has {', '.join(names)}.")
    reference = reference or next(iter(names), "")
    parts = []
    if names:
        look = Look(found, reference, digits)
        made = [
            make(look) for make in (systems, trade, exposure, strata, exclusive, tag_hits, roads, costs, spread, tuning)
        ]
        parts = [part for part in made if part.content]
    known = {key for keys in _SOURCE.values() for key in keys} | set(_SAID_OTHERWISE)
    facts = [(key, value) for key, value in found.about.items() if key not in known]
    return Report(title, reference, source_of(found), facts, found.notes, parts)


def source_of(found: Evaluation) -> list[tuple[str, str]]:
    """Where the numbers come from: what stands under every figure."""
    source = []
    for name, keys in _SOURCE.items():
        said = [found.about[key] for key in keys if key in found.about]
        source.append((name, said[0] if said else UNSTATED))
        if name == "Data":
            source.append(("Split", _split(found)))
    return source


def _split(found: Evaluation) -> str:
    given = found.about.get("split")
    cut = "no single cut" if found.cut is None else f"cut at {found.cut.isoformat()}"
    words = given or f"{found.protocol}, {cut}, targets: {found.targets}"
    return f"{words} (leaky)" if found.leaky else words
