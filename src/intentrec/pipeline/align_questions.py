"""What a run of `intentrec align` asks: questions as of a time, of users to train on and of users held out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256

import polars as pl

from intentrec.alignment.data.mixing import is_held_out, is_item_held_out
from intentrec.config import Config
from intentrec.data import global_time
from intentrec.errors import DataError
from intentrec.llm.config import Stage
from intentrec.pipeline.align_measure import Later, unit_of
from intentrec.pipeline.asking import Asked, Asking, Form
from intentrec.pipeline.chain import Tools, make_catalogue, make_profiles
from intentrec.pipeline.inputs import Inputs, day_after_last, load_inputs
from intentrec.progress import Progress
from intentrec.text.embeddings import open_embedder
from intentrec.workspace import Workspace

_CHECKED = 0.1
"""Share of what is trained on that is kept back to judge a model in the middle of its training."""


@dataclass(frozen=True)
class Scene:
    """The shop as of the time of the questions, and what came after.

    Attributes:
        inputs: What was known.
        users: Everybody with an event, in the order of a hash.
        later: What the figures of tags are held against.
        tables: What was made of the inputs: catalogue, pool, profiles.
    """

    stage: Stage
    tools: Tools
    inputs: Inputs
    users: tuple[str, ...]
    later: Later
    tables: Mapping[str, pl.DataFrame]

    @property
    def config(self) -> Config:
        """The settings."""
        return self.tools.config

    @cached_property
    def asking(self) -> Asking:
        """The questions of as many users as could be needed."""
        settings = self.config.alignment
        if self.stage == "explanations":  # held out by item, whoever the users are
            most = settings.questions + settings.held_out_questions
            return Asking.prepare(self.tools, self.inputs, self.users[:most], tables=self.tables)
        held_out = sorted((user for user in self.users if self.is_held_out(user)), key=self._is_unmeasured)
        train = [user for user in self.users if self.is_trained_on(user)]
        checked = [user for user in self.users if not self.is_held_out(user) and self.is_checked(user)]
        users = [*train[: settings.questions], *checked[: settings.questions]]
        users += held_out[: settings.held_out_questions]
        return Asking.prepare(self.tools, self.inputs, users, tables=self.tables)

    def _is_unmeasured(self, user: str) -> bool:
        """Whether nothing is known of what came next for a user, so that tags have no hit rate there."""
        return self.stage == "tags" and user not in self._who_came_back

    @cached_property
    def _who_came_back(self) -> frozenset[str]:
        return frozenset(self.later.targets["user_id"])

    def is_held_out(self, unit: str) -> bool:
        """Whether a user (explanations: an item) is one that no model is trained on."""
        drawn = is_item_held_out if self.stage == "explanations" else is_held_out
        return drawn(unit, self.config.alignment.data)

    def is_checked(self, unit: str) -> bool:
        """Whether one that could be trained on is kept back to judge models in the middle of their training."""
        return share_of(f"{self.config.alignment.data.seed}\0checked\0{unit}") < _CHECKED

    def is_trained_on(self, unit: str) -> bool:
        """Whether models are trained on one."""
        return not self.is_held_out(unit) and not self.is_checked(unit)

    def trained_on(self, form: Form = "tuned") -> list[Asked]:
        """Questions whose answers are learned."""
        return self._some(form, self.is_trained_on)

    def checked(self) -> list[Asked]:
        """Questions of nobody in either of the others, to judge a model in the middle of its training."""
        return self._some("tuned", lambda unit: not self.is_held_out(unit) and self.is_checked(unit))

    def held_out(self, form: Form = "tuned") -> list[Asked]:
        """Questions that the gate measures on."""
        return _first(self._asked(form, self.is_held_out), self.config.alignment.held_out_questions)

    def _some(self, form: Form, wanted: Callable[[str], bool]) -> list[Asked]:
        return _first(self._asked(form, wanted), self.config.alignment.questions)

    def _asked(self, form: Form, wanted: Callable[[str], bool]) -> list[Asked]:
        if form not in self._by_form:  # what rules answer to each takes an embedding
            self._by_form[form] = self.asking.asked(self.stage, form)
        return [one for one in self._by_form[form] if wanted(unit_of(one))]

    @cached_property
    def _by_form(self) -> dict[Form, list[Asked]]:
        return {}


def set_scene(workspace: Workspace, config: Config, stage: Stage, as_of: datetime | None, progress: Progress) -> Scene:
    """The shop as of a time, by default the beginning of the window that evaluations look at.

    Raises:
        DataError: There is no event before that time.
    """
    everything = load_inputs(workspace, None)
    window = timedelta(days=config.evaluation.window_days)
    cut = as_of or day_after_last(everything.events) - window
    inputs = load_inputs(workspace, cut)
    split = global_time(everything.events, cut, window, config.events.named("intent"))
    tools = Tools(config, open_embedder(config.text, workspace.cache, progress), None, None, progress)
    users = tuple(by_hash(inputs.events["user_id"].unique(), config.alignment.data.seed))
    made = make_catalogue(tools, inputs)
    tables = {"catalogue": made.catalogue, "pool": made.pool}
    tables["profiles"] = make_profiles(tools, inputs, made.catalogue).table
    later = Later(split.targets, made.catalogue, config.evaluation.tag_places)
    return Scene(stage, tools, inputs, users, later, tables)


def must_be_asked(scene: Scene) -> None:
    """Refuse a scene in which there is nothing to train on or nothing to measure with.

    Raises:
        DataError: There are too few users (explanations: items) for both.
    """
    counts = {"to train on": len(scene.trained_on()), "held out": len(scene.held_out())}
    if not all(counts.values()):
        told = ", ".join(f"{n:,} {what}" for what, n in counts.items())
        raise DataError(
            f"There are too few questions of {scene.stage} before {scene.inputs.as_of:%Y-%m-%d}: {told}. Ingest more "
            "events, or change alignment.data.held_out or its seed."
        )


def by_hash(users: Iterable[str], seed: int) -> list[str]:
    """Users in an order that has nothing to do with who they are, and does not change when others come."""
    return sorted(users, key=lambda user: sha256(f"{seed}\0order\0{user}".encode("utf-8", "surrogatepass")).digest())


def share_of(text: str) -> float:
    """A number from 0 to 1, the same for the same text, spread evenly over texts."""
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64


def _first(asked: Sequence[Asked], n: int) -> list[Asked]:
    """The questions of the first users, each user whole, until there are `n` or more; of a longer first user `n`."""
    found: list[Asked] = []
    for place, one in enumerate(asked):
        if len(found) >= n and unit_of(one) != unit_of(asked[place - 1]):
            break
        found.append(one)
    return found
