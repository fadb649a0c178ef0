"""`intentrec compare`: both roads on a workspace's own data, alone and together, beside the tuned baselines."""

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

from intentrec.config import Config
from intentrec.encoder import EncoderConfig
from intentrec.evaluation import Evaluation, Recommends, Seeded, evaluate
from intentrec.evaluation.runs import Cost
from intentrec.evaluation.strangers import WithPopularity
from intentrec.pipeline.chain import Tools
from intentrec.pipeline.channel import Channel
from intentrec.pipeline.daily import open_day
from intentrec.pipeline.day import Day
from intentrec.pipeline.encoder import with_categories
from intentrec.pipeline.evaluation import (
    UNTIL_TOWERS,
    cut_of,
    evaluated_items,
    extras_of,
    users_of_the_release,
    weighed,
)
from intentrec.pipeline.roads import Rival, Road, measured_roads
from intentrec.pipeline.steps import Steps
from intentrec.progress import Progress
from intentrec.workspace import Workspace

if TYPE_CHECKING:
    from intentrec.encoder.retriever import Served

INTENTS, ENCODER, BOTH = "intentrec", "encoder", "both"


def compare_workspace(
    workspace: Workspace, config: Config, *, llm_users: frozenset[str] | None = None, command: str | None = None,
    progress: Progress,
) -> Evaluation:  # fmt: skip
    """Do all stages as of a cut in time for both roads, then compare; nothing is published.

    Three systems: "intentrec" (interests, tags and towers, without the encoder), "encoder" (nothing else), and "both"
    (one vector of both, weighed on validation). Steps that are done already are reused, and an interrupted training of
    the encoder goes on.

    Args:
        workspace: With items and events; impressions are hard negatives where there are any.
        config: Settings of all stages; `encoder.use` does not matter.
        llm_users: For whom the language model writes; None for those of the current release, and where there is none,
            what the settings say.
        command: What the user typed, for the report.
        progress: Told about stages, trainings, tuning and ranking.

    Raises:
        DataError: The events do not allow the split.
        ConfigError: A setting does not fit.
    """
    llm_users = llm_users if llm_users is not None else users_of_the_release(workspace)
    kinds = config.events.named("intent")
    with workspace.writing():
        split, inputs = cut_of(workspace, config, "time", config.evaluation.split_column)
        alone, joined = (config.model_copy(update={"encoder": _used(config, use)}) for use in ((), ("channel",)))
        with open_day(workspace, alone, inputs, llm_users, progress) as day:
            first, first_s = _timed(day)
            second, second_s = _timed(Day(Steps(workspace), _with(day.tools, joined), inputs))
            channel = second.channel()
            assert channel is not None
            served = _served(second, channel)
            intents, both = first.ranker(), second.ranker()
            systems: dict[str, Recommends | Seeded] = {
                INTENTS: intents, ENCODER: WithPopularity(served, intents), BOTH: both,
            }  # fmt: skip
            settings = config.evaluation.model_copy(update={"targets": "window"})
            extras = extras_of(first, split, inputs, settings, command)
            spent = {INTENTS: Cost(first_s.get("towers")), ENCODER: Cost(second_s.get("encoder"))}
            found = evaluate(
                systems, weighed(split, config), evaluated_items(first), settings, kinds=kinds,
                extras=replace(extras, costs=spent), progress=progress,
            )  # fmt: skip
            workspace.write("user_metrics", found.per_user)
            roads = [Road(INTENTS, first, intents), Road(BOTH, second, both)]
            table = measured_roads(roads, Rival(ENCODER, channel, served, inputs), found.costs)
            return replace(found, roads=table, notes=[*found.notes, *_notes(channel)])


def _used(config: Config, use: tuple[str, ...]) -> EncoderConfig:
    return config.encoder.model_copy(update={"use": use})


def _with(tools: Tools, config: Config) -> Tools:
    return replace(tools, config=config)


def _timed(day: Day) -> tuple[Day, dict[str, float]]:
    """The day worked through, and the seconds of each stage that was not found done."""
    spent = {}
    for stage in UNTIL_TOWERS:
        start = perf_counter()
        day.run([stage])
        if stage in day.records and stage not in day.steps.reused:
            spent[stage] = perf_counter() - start
    return day, spent


def _served(day: Day, channel: Channel) -> "Served":
    from intentrec.encoder.retriever import Served

    return Served.of(
        channel.encoder, day.inputs.events, with_categories(day.inputs.items, channel.catalogue), day.inputs.as_of,
        coder=channel.coder, impressions=channel.impressions, attributes=day.inputs.users,
        retrieval=day.tools.config.retrieval,
    )  # fmt: skip


def _notes(channel: Channel) -> list[str]:
    config = channel.encoder.config
    learned = config.max_pairs * config.epochs
    return [
        f"The encoder is {config.model}, trained on at most {learned:,} pairs from before the last "
        f"{config.validation_days:g} days, on {channel.encoder.device}; more pairs and a larger model are "
        "encoder.max_pairs, encoder.epochs and encoder.model.",
        "Users without history get what is popular, whatever the system. Diversity of vectors is measured in the space "
        "of text.model; an encoder that began from the same model is nearer to it than the others are.",
    ]
