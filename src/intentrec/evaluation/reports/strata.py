"""Who is served well and who is not: users by activity, targets by the popularity of the item."""

from intentrec.evaluation.reports import plots
from intentrec.evaluation.reports.look import ITEMS, USERS, Look
from intentrec.evaluation.reports.parts import Figure, Part, Table, words

_BY = {USERS: "activity", ITEMS: "popularity of the item"}
_KINDS = {
    USERS: ("Users by activity", "Users by the number of their events before the cut."),
    ITEMS: (
        "Targets by popularity of the item",
        "Only targets of one group of items: the most popular items that hold a third of the events before the cut "
        "(head), the next third (torso), the rest (tail), and items without an event (new).",
    ),
}


def strata(look: Look) -> Part:
    """Recall and NDCG of each stratum, in each view."""
    parts = []
    for kind, (title, reading) in _KINDS.items():
        figures = [each for view in look.found.views for each in _of_view(look, view, kind)]
        if figures:
            parts.append(Part(title, [reading], figures))
    return Part("Strata", ["Marks and bold as in the table of systems, within each stratum."] if parts else [], parts)


def _of_view(look: Look, view: str, kind: str) -> list[Table | Figure]:
    groups = look.strata(view, kind)
    if not groups:
        return []
    recall, ndcg = f"recall@{look.long}", f"ndcg@{look.short}"
    found = [
        {"row": group.removeprefix(kind), "system": system, **{key: row[key] for key in ("value", "low", "high")}}
        for group in groups
        for system in look.found.systems
        if (row := look.row(view, group, recall, system)) is not None
    ]
    names = [group.removeprefix(kind) for group in groups]
    figure = Figure(
        f"{recall} by {_BY[kind]}, view “{view}”",
        "Each point is the mean over the users of a stratum, the line its interval.",
        lambda: plots.dots(found, recall, look.found.systems, names),
        _table(look, view, kind, recall),
    )
    return [figure, _table(look, view, kind, ndcg)]


def _table(look: Look, view: str, kind: str, metric: str) -> Table:
    groups = look.strata(view, kind)
    columns = [f"{group.removeprefix(kind)} (n = {users})" for group, users in groups.items()]
    rows = [
        [words(system), *(look.cell(view, metric, system, group) for group in groups)] for system in look.found.systems
    ]
    return Table(f"{metric} by {_BY[kind]}, view “{view}”", ["system", *columns], rows, folded=True)
