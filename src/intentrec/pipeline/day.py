"""The stages of a day as steps: each is found in the workspace or done and stored."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from intentrec import towers
from intentrec.errors import LLMUnavailable
from intentrec.explanations import write_explanations
from intentrec.llm import LanguageModel
from intentrec.pipeline.chain import Tools, make_catalogue, make_interests, make_profiles, make_tags
from intentrec.pipeline.channel import Channel
from intentrec.pipeline.encoder import (
    check_windows,
    checkpoint_of,
    impressions_before,
    open_encoder,
    settings_of,
    train_encoder,
    young_enough,
)
from intentrec.pipeline.inputs import Inputs
from intentrec.pipeline.ranker import Ranker, popular_items
from intentrec.pipeline.reasons import chosen, explainable_pairs, with_reasons
from intentrec.pipeline.steps import StepOutput, Steps
from intentrec.pipeline.training import train_towers
from intentrec.retrieval import BetaByActivity
from intentrec.retrieval.memory import Remembered
from intentrec.stages import StageResult
from intentrec.workspace.steps import StepRecord

if TYPE_CHECKING:
    from intentrec.towers import Towers

STAGES = ("catalogue", "profiles", "interests", "tags", "encoder", "towers", "recommendations", "explanations")


class Day:
    """One as-of time worked through, stage by stage.

    Attributes:
        notes: What the operator must know, e.g. that a language model was down.
    """

    def __init__(self, steps: Steps, tools: Tools, inputs: Inputs) -> None:
        self.steps = steps
        self.tools = tools
        self.inputs = inputs
        self.notes: list[str] = []
        self.records: dict[str, StepRecord] = {}

    def run(self, stages: Iterable[str] = STAGES) -> dict[str, StepRecord]:
        """Do the stages in their order; each needs those before it."""
        for stage in stages:
            if stage == "encoder" and not self.tools.config.encoder.use:
                continue
            self.records[stage] = getattr(self, stage)()
        return self.records

    def table(self, stage: str, name: str | None = None) -> pl.DataFrame:
        """A table that a finished stage has written; by default the one of the same name."""
        return self.steps.read(self.records[stage], name or stage)

    def catalogue(self) -> StepRecord:
        """What the items are called, and the pool of interests."""

        def work() -> StepOutput:
            result = make_catalogue(self.tools, self.inputs)
            return StepOutput(
                {"catalogue": result.catalogue, "pool": result.pool},
                counts={"items": result.catalogue.height, "interests in the pool": result.pool.height},
            )

        return self._do("catalogue", ["catalogue"], [], work)

    def profiles(self) -> StepRecord:
        """Stage 1: behaviour as text."""

        def work() -> StepOutput:
            return _output("profiles", make_profiles(self.tools, self.inputs, self.table("catalogue")))

        return self._do("profiles", ["profiles", "events"], ["catalogue"], work)

    def interests(self) -> StepRecord:
        """Stage 2: what each user wants."""

        def work(tools: Tools) -> StepOutput:
            names, pool = self.table("catalogue"), self.table("catalogue", "pool")
            return _output("interests", make_interests(tools, self.inputs, names, pool, self.table("profiles")))

        return self._written("interests", ["interests", "events"], ["catalogue", "profiles"], work)

    def tags(self) -> StepRecord:
        """Stage 3: what they may want next."""

        def work(tools: Tools) -> StepOutput:
            catalogue, profiles, interests = (self.table(stage) for stage in ("catalogue", "profiles", "interests"))
            return _output("tags", make_tags(tools, self.inputs, catalogue, profiles, interests))

        return self._written("tags", ["tags", "events"], ["catalogue", "profiles", "interests"], work)

    def encoder(self) -> StepRecord:
        """The rival of stage 4: one language model that reads users and items; only where the settings use it."""
        check_windows(self.tools.config)
        workspace, as_of = self.steps.workspace, self.inputs.as_of
        # A split that follows no single time holds out events from before trainings that would be young enough.
        split = "split" in self.inputs.identity
        earlier = None if split else young_enough(workspace, self.tools.config, self.inputs)

        def work() -> StepOutput:
            return train_encoder(
                self.tools, self.inputs, self.table("catalogue"), impressions_before(workspace, as_of),
                earlier=None if earlier is None else workspace.artefacts.path(earlier),
                checkpoint=checkpoint_of(workspace, self.inputs, self.tools.config), cache=workspace.cache,
            )  # fmt: skip

        taken = "trained anew" if earlier is None else earlier.digest
        shown = workspace.tables.identity("impressions")
        learned = settings_of(self.tools.config)
        return self._do("encoder", ["events"], ["catalogue"], work, taken=taken, learned=learned, impressions=shown)

    def channel(self) -> Channel | None:
        """The encoder of this day as the towers meet it; None where there is none."""
        if "encoder" not in self.records:
            return None
        workspace, config = self.steps.workspace, self.tools.config
        encoder = open_encoder(workspace, self.records["encoder"].artefacts["encoder"], config.encoder)
        coder = encoder.coder(workspace.cache, self.tools.progress)
        shown = impressions_before(workspace, self.inputs.as_of)
        return Channel(encoder, coder, self.table("catalogue"), shown, config)

    def towers(self) -> StepRecord:
        """Stage 4: the light towers, trained on the log."""

        def work() -> StepOutput:
            return train_towers(self.tools, self.inputs, self.table("catalogue"), self.table("tags"), self.channel())

        sections = ["towers", "retrieval", "profiles", "interests", "tags", "catalogue", "events"]
        read = self._read_by_the_encoder() if "encoder" in self.records else None
        return self._do("towers", sections, ["catalogue", "tags"], work, encoder=read)

    def _read_by_the_encoder(self) -> dict[str, Any]:
        """What decides its vectors beside the inputs of the day."""
        own = self.tools.config.encoder.model_dump(mode="json", include={"use", "served_width", "number_days"})
        shown = self.steps.workspace.tables.identity("impressions")
        return own | {"encoder": self.records["encoder"].artefacts["encoder"].digest, "impressions": shown}

    def recommendations(self) -> StepRecord:
        """The stored lists: fused, filtered, each row with a reason made by rule."""

        def work() -> StepOutput:
            ranker = self.ranker()
            with self.tools.progress.track("recommendations", total=len(ranker.users)) as advance:
                frame = ranker.recommend(list(ranker.users), self.tools.config.run.stored_k)
                advance(len(ranker.users))
            near = ranker.nearest(frame, chosen(self.inputs.events, self.tools.config.events))
            interests, tags, catalogue = (self.table(stage) for stage in ("interests", "tags", "catalogue"))
            frame = with_reasons(frame, near, interests, tags, catalogue, self.tools.config.language)
            frame = frame.with_columns(as_of=pl.lit(self.inputs.as_of).cast(pl.Datetime("us", "UTC")))
            return StepOutput({"recommendations": frame}, counts=_by_source(frame))

        return self._do("recommendations", ["retrieval", "run", "events"], ["towers", "tags", "interests"], work)

    def explanations(self) -> StepRecord:
        """Stage 5: sentences written ahead of time for interest and item."""

        def work(tools: Tools) -> StepOutput:
            shown = self.table("recommendations").filter(pl.col("rank") <= self.tools.config.run.explained_k)
            pairs = explainable_pairs(shown, self.table("tags"), self.table("catalogue"))
            if tools.llm_users is not None:
                pairs = pairs.filter(pl.col("user_id").is_in(sorted(tools.llm_users)))
            counted = pairs.group_by("interest", "item_id").agg(pl.len().cast(pl.Int64).alias("n"))
            result = write_explanations(
                counted.sort(["n", "interest", "item_id"], descending=[True, False, False]),
                self.table("catalogue"),
                tools.config.explanations,
                tools.config.language,
                self.inputs.as_of,
                tools.model,
                tools.progress,
                self.inputs.brands(),
            )
            return _output("explanations", result)

        return self._written("explanations", ["explanations", "run"], ["recommendations", "tags", "catalogue"], work)

    def ranker(self) -> Ranker:
        """The recommender of this day."""
        config = self.tools.config
        return Ranker.build(
            self.table("towers", "vectors"),
            self.table("tags"),
            BetaByActivity(**self.records["towers"].facts["beta"]),
            self.inputs.events,
            config.retrieval,
            popular_items(self.inputs.events, self.inputs.as_of, config.run.popular_days),
            catalogue=self.table("catalogue"),
            remembered=Remembered.find(self.steps.workspace.artefacts.path(self.records["towers"].artefacts["towers"])),
            as_of=self.inputs.as_of,
        )

    def trained_towers(self) -> "Towers":
        """The towers of this day."""
        return towers.Towers.load(self.steps.workspace.artefacts.path(self.records["towers"].artefacts["towers"]))

    def _do(
        self, step: str, sections: list[str], after: list[str], work: Callable[[], StepOutput], **more: Any
    ) -> StepRecord:
        config = self.tools.config
        ingredients: dict[str, Any] = {
            "settings": {name: getattr(config, name).model_dump(mode="json") for name in sections},
            "language": config.language,
            "embedder": self.tools.embedder.model_id,
            "inputs": self.inputs.identity,
            "as_of": self.inputs.as_of.isoformat(),
            "after": {stage: {n: ref.digest for n, ref in self.records[stage].tables.items()} for stage in after},
            **more,
        }
        return self.steps.do(step, ingredients, work)

    def _written(
        self, step: str, sections: list[str], after: list[str], work: Callable[[Tools], StepOutput]
    ) -> StepRecord:
        """A step that a language model may write; without it where it is down and the settings allow that."""
        try:
            return self._do(step, sections, after, lambda: work(self.tools), **_writer(self.tools, step))
        except LLMUnavailable as down:
            if self.tools.config.run.llm_down == "stop":
                raise
            self.notes.append(f"From {step} on, everything was made without the language model: {down}")
            self.tools = replace(self.tools, model=None)
            return self._do(step, sections, after, lambda: work(self.tools), **_writer(self.tools, step))


def _writer(tools: Tools, step: str) -> dict[str, Any]:
    model: LanguageModel | None = tools.model
    if model is None:
        return {"model": None}
    users = None if tools.llm_users is None else sorted(tools.llm_users)
    decoding = tools.config.llm.model_dump(include={"temperature", "top_p", "seed", "max_repairs"})
    return {"model": model.name_for(step), "llm_users": users, "decoding": decoding}


def _output(name: str, result: StageResult) -> StepOutput:
    return StepOutput({name: result.table, "rejections": result.rejections}, counts=dict(result.counts))


def _by_source(frame: pl.DataFrame) -> dict[str, int]:
    counts = frame.group_by("source").len().sort("source")
    return {"users": frame["user_id"].n_unique(), **{f"from {s}": n for s, n in counts.iter_rows()}}
