"""What each writer's tags find: the product's tag channel alone, and blended with the user vector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from benchmarks.alignment.channel import Channel, TagsAlone, trained
from benchmarks.alignment.judged import Line
from benchmarks.alignment.shops import Shop
from benchmarks.alignment.tagging import Tagged, tagged
from benchmarks.alignment.writers import Writer
from intentrec.config import Config
from intentrec.data import Split
from intentrec.evaluation import VIEWS, Recommends, trained_baselines
from intentrec.evaluation.asked import Asked, asked_of
from intentrec.evaluation.channels import alone_at
from intentrec.evaluation.items import GROUPS, Items
from intentrec.evaluation.lists import lists_of
from intentrec.evaluation.measure import Measured, looks_of, measured
from intentrec.evaluation.truth import Truth
from intentrec.evaluation.views import targets_of
from intentrec.pipeline.asking import Asking
from intentrec.pipeline.evaluation import cut_of, weighed
from intentrec.pipeline.ranker import Ranker
from intentrec.progress import Progress

PLACES = 100
EVEN = 0.5
"""A further weight of the user vector: where the product's is 1, tags have no part in its lists."""
NEW = next(view for view in VIEWS if view.name == "new")
STRATA = ("new", "tail")
"""Items without an event before the cut, and the least popular third of the events (`evaluation.items`)."""
RULES = ("rules",)
NOBODY = "none"
USER, ITEMKNN = "user vector alone", "itemknn"

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Ground:
    """What users bought in the window for the first time, and the measures of it.

    Attributes:
        truth: Of the view "new".
        items: That can be ranked.
        asked: Whom systems are asked for.
        places: Length of the lists.
    """

    truth: Truth
    items: Items
    asked: Asked
    places: int

    @classmethod
    def of(cls, split: Split, channel: Channel, users: Sequence[str], config: Config, places: int = PLACES) -> "Ground":
        """What these users bought after a cut.

        Args:
            split: At the cut, for everybody: items are as popular as the whole shop makes them.
            channel: Knows the items.
            users: Whose targets count.
            config: Settings of the evaluation.
            places: Length of the lists.

        Raises:
            SystemExit: None of them bought anything new.
        """
        own = replace(split, targets=split.targets.filter(pl.col("user_id").is_in(list(users))))
        asked = asked_of(own, config.evaluation.model_copy(update={"targets": "window"}), None)
        items = Items.of(channel.items, split.train, channel.names)
        targets = targets_of(NEW, asked.targets, items.ids)
        if not len(targets.users):
            raise SystemExit(f"None of the {len(users)} users bought something new in the window; raise --users.")
        truth = Truth.of(targets, asked.owners, items, (places,), config.evaluation.debias_gamma)
        return cls(truth, items, asked, places)

    def measured(self, name: str, system: Recommends) -> Measured:
        """One system's lists against it, without what a user had before."""
        users, ks = self.asked.owners["user_id"], (self.places,)
        lists = lists_of(name, system, users, self.items.ids, self.places, filter_viewed=NEW.filter_viewed)
        return measured(lists, looks_of(lists, self.items, ks), self.truth, self.items, ks)

    def figures(self, found: Measured) -> Figures:
        """Recall, of all targets and of strata of items, and diversity, by user."""
        users, recall, diversity = self.truth.users.to_list(), f"recall@{self.places}", f"diversity@{self.places}"
        figures: Figures = {recall: _by_user(users, found.per_user[recall])}
        for name in self._strata():
            stratum = found.groups[name]
            own = [users[place] for place in stratum.users.tolist()]
            figures[f"{recall} of {name} items"] = _by_user(own, stratum.values[recall])
        return figures | {diversity: _by_user(users, found.per_user[diversity])}

    def _strata(self) -> list[str]:
        """Those of which something could be found: where every new item came out after the cut, nobody knows one."""
        known = set(self.items.groups[self.truth.items].tolist())
        return [name for name in STRATA if GROUPS.index(name) in known]

    def exclusive(self, found: Measured, rivals: Mapping[str, Measured]) -> Figures:
        """Share of each user's targets that this system finds and none of the rivals does."""
        places = {name: rival.places for name, rival in rivals.items()} | {"": found.places}
        alone = self.truth.share_of_targets(alone_at(places, self.places)[""])
        return {f"exclusive recall@{self.places}": _by_user(self.truth.users.to_list(), alone)}


def worth(shop: Shop, asking: Asking, chosen: Sequence[Writer], questions: int, progress: Progress) -> list[Line]:
    """Figures of every writer's tags, as written and as a run stores them, and of systems that know no tags.

    The towers are trained once, on the log before the cut and with the rules' tags, and lie in the workspace.
    """
    tables, users = tagged(shop, asking, chosen, questions, progress)
    split, _ = cut_of(shop.workspace, shop.config, "time", "")
    split = weighed(split, shop.config)
    channel = trained(shop, progress)
    ground = Ground.of(split, channel, users, shop.config)
    rivals = {
        USER: ground.measured(USER, replace(channel.ranker, betas=np.ones_like(channel.ranker.betas))),
        ITEMKNN: ground.measured(ITEMKNN, _itemknn(split, channel, shop.config, progress)),
    }
    found = [
        Line(shop.name, "tags", NOBODY, f"{name}: {figure}", 0, 0, by_user, 0, {})
        for name, rival in rivals.items()
        for figure, by_user in ground.figures(rival).items()
    ]
    for one in tables:
        found += lines_of(shop.name, one, figures_of(channel.with_tags(one.tags), ground, rivals))
    return found


def figures_of(ranker: Ranker, ground: Ground, rivals: Mapping[str, Measured]) -> Figures:
    """What the tags of a ranker are worth, each figure under the way in which they were used.

    Args:
        ranker: With the product's weights of the user vector.
        ground: What had to be found.
        rivals: What the tags must find something beside, to find it exclusively.
    """
    even = replace(ranker, betas=np.full_like(ranker.betas, EVEN))
    alone = ground.measured("tags alone", TagsAlone(ranker))
    found = {"tags alone": ground.figures(alone) | ground.exclusive(alone, rivals)}
    found[f"blended, {_beta(ranker, ground)}"] = ground.figures(ground.measured("blended", ranker))
    found[f"blended evenly, beta {EVEN:g}"] = ground.figures(ground.measured("blended evenly", even))
    return {f"{way}: {name}": by_user for way, own in found.items() for name, by_user in own.items()}


def lines_of(shop: str, one: Tagged, figures: Figures) -> list[Line]:
    """A line for each figure; the variant is in its name, so that like is held against like."""
    return [
        Line(
            shop, "tags", one.writer, f"{one.variant}, {name}", one.questions, one.answered, by_user,
            one.tags.height, {},
        )
        for name, by_user in figures.items()
    ]  # fmt: skip


def _itemknn(split: Split, channel: Channel, config: Config, progress: Progress) -> Recommends:
    """Tuned for what it is measured on."""
    settings = config.evaluation.model_copy(update={"baselines": (ITEMKNN,), "tuning_view": NEW.name})
    kinds = config.events.named("intent")
    systems, _, _ = trained_baselines(split, channel.items, settings, kinds=kinds, progress=progress)
    return systems[ITEMKNN]


def _beta(ranker: Ranker, ground: Ground) -> str:
    rows = [ranker.users[user] for user in ground.truth.users if user in ranker.users]
    low, high = ranker.betas[rows].min(), ranker.betas[rows].max()
    return f"the product's beta {low:g}" + ("" if low == high else f" to {high:g}")


def _by_user(users: Sequence[str], values: np.ndarray) -> dict[str, float]:
    return dict(zip(users, values.tolist(), strict=True))
