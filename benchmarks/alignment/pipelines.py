"""What the tags of each pipeline foresee: as a writer wrote them, and as a run would store them."""

from collections.abc import Iterator, Sequence

from benchmarks.alignment.judged import PLACES, Line
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.tag_figures import hit_figures
from benchmarks.alignment.tagging import Tagged, tagged
from benchmarks.alignment.writers import Writer
from intentrec.pipeline.align_measure import Later
from intentrec.pipeline.asking import Asking
from intentrec.progress import Progress


def pipelines(shop: Shop, asking: Asking, chosen: Sequence[Writer], questions: int, progress: Progress) -> list[Line]:
    """HR@30 and later purchases hit, by writer and variant, of users all of whose questions are among the first."""
    found, users = tagged(shop, asking, chosen, questions, progress)
    return list(lines_of(shop.name, found, users, Later(shop.targets, asking.catalogue, PLACES)))


def lines_of(shop: str, found: Sequence[Tagged], users: Sequence[str], later: Later) -> Iterator[Line]:
    """A line for each figure of each variant."""
    for one in found:
        for figure, by_user in hit_figures(one.tags, users, later).items():
            name = f"{one.writer}, {one.variant}"
            yield Line(shop, "tags", name, figure, one.questions, one.answered, dict(by_user), one.tags.height, {})
