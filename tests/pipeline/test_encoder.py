"""The encoder as a stage of the day: off unless asked for, taken over while it is young, blind to the future."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from encoder_shop import with_encoder
from encoder_world import save_bert
from intentrec.config import Config, load_config
from intentrec.data.config import EventsConfig
from intentrec.encoder import Encoder
from intentrec.errors import ConfigError, NotFittedError, WorkspaceError
from intentrec.pipeline.daily import RunOptions, RunReport, run_day
from intentrec.pipeline.encoder import checkpoint_of, near_line, open_encoder, remember, with_categories, young_enough
from intentrec.pipeline.evaluation import evaluate_workspace
from intentrec.pipeline.ingest import ingest_files
from intentrec.pipeline.inputs import load_inputs
from intentrec.progress import SILENT
from intentrec.tables import CATALOGUE, ITEMS
from intentrec.towers import Towers
from intentrec.workspace import Manifest, Workspace
from intentrec.workspace.artefacts import ArtefactRef
from intentrec.workspace.steps import StepRecord
from shop_world import NOW, START, Settings, Shop, make_shop, open_shop

DAY = 100
FULL, HALF = 32, 16
TOWERS = 16 + 4  # width and context_width


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    save_bert(folder)
    return folder


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(16)


def changed(config: Config, **settings: object) -> Config:
    return config.model_copy(update={"encoder": config.encoder.model_copy(update=settings)})


def run(workspace: Workspace, config: Config, day: int = DAY) -> RunReport:
    options = RunOptions(as_of=START + timedelta(days=day))
    return run_day(workspace, config, options, now=lambda: NOW, progress=SILENT)


def trained(report: RunReport) -> int:
    step = next(step for step in report.steps if step.step == "encoder")
    return 0 if step.reused else step.counts["trained"]


def digest(workspace: Workspace) -> str:
    return workspace.release().artefacts["encoder"].digest


def vectors(workspace: Workspace, kind: str) -> np.ndarray:
    rows = workspace.read_release("vectors").filter(kind=kind).sort("id")
    return np.array(rows["vector"].to_list(), dtype=np.float32)


def towers_of(workspace: Workspace) -> Towers:
    return Towers.load(workspace.artefacts.path(workspace.release().artefacts["towers"]))


@dataclass(frozen=True)
class Made:
    """A workspace after one day, and its settings."""

    workspace: Workspace
    config: Config
    report: RunReport

    @property
    def release(self) -> Manifest:
        return self.workspace.release()


def young(made: Made, days: float, **settings: object) -> ArtefactRef | None:
    """The encoder that a day, so many days after the first, would take over."""
    inputs = load_inputs(made.workspace, START + timedelta(days=days))
    return young_enough(made.workspace, changed(made.config, **settings), inputs)


def made(root: Path, shop: Shop, settings: Settings | None, day: int = DAY) -> Made:
    workspace, config = open_shop(root / "shop", shop, settings=settings)
    return Made(workspace, config, run(workspace, config, day))


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory, shop: Shop, model: Path) -> Made:
    return made(tmp_path_factory.mktemp("without"), shop, with_encoder(model))


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory, shop: Shop, model: Path) -> Made:
    """After one day with the encoder as a channel; tests that go on copy it."""
    return made(tmp_path_factory.mktemp("beside"), shop, with_encoder(model, "channel"))


@pytest.fixture
def going_on(beside: Made, tmp_path: Path) -> Made:
    """A copy that may be changed."""
    import shutil

    shutil.copytree(beside.workspace.root, tmp_path / "copy")
    return replace(beside, workspace=Workspace(tmp_path / "copy"))


def test_without_being_asked_for_it_does_not_run(without: Made, beside: Made) -> None:
    assert "encoder" not in [step.step for step in without.report.steps]
    assert "encoder" not in without.release.artefacts
    assert not (without.workspace.root / "encoder.json").exists()
    assert vectors(without.workspace, "item").shape[1] == TOWERS
    upstream = ("catalogue", "pool", "profiles", "interests", "tags")
    mine, theirs = without.release.content(), beside.release.content()
    assert {name: mine[name] for name in mine if name.split("/")[-1] in upstream} == {
        name: theirs[name] for name in theirs if name.split("/")[-1] in upstream
    }


def test_its_coordinates_stand_beside_those_of_the_towers(without: Made, beside: Made) -> None:
    for kind in ("item", "user", "tag"):
        alone, both = vectors(without.workspace, kind), vectors(beside.workspace, kind)
        assert both.shape == (len(alone), TOWERS + FULL)
    items, tags = vectors(beside.workspace, "item"), vectors(beside.workspace, "tag")
    np.testing.assert_array_equal(items[:, :TOWERS], vectors(without.workspace, "item"))
    np.testing.assert_allclose(np.linalg.norm(items[:, TOWERS:], axis=1), 1.0, rtol=1e-5)
    assert not tags[:, TOWERS:].any()
    assert tags[:, :TOWERS].any()


def test_users_carry_the_weight_of_the_channel(beside: Made) -> None:
    blend = towers_of(beside.workspace).blend
    assert "encoder" in blend.parts
    users = beside.workspace.read_release("vectors").filter(kind="user")["id"].to_list()
    past = beside.workspace.read("events").filter(pl.col("timestamp") < START + timedelta(days=DAY))
    n_events = [past.filter(user_id=user).height for user in sorted(users)]
    lengths = np.linalg.norm(vectors(beside.workspace, "user")[:, TOWERS:], axis=1)
    np.testing.assert_allclose(lengths, blend.of("encoder", np.array(n_events)), rtol=1e-5)


def test_the_release_holds_the_encoder_and_near_line_readers_are_pointed_at_it(beside: Made) -> None:
    known = json.loads((beside.workspace.root / "encoder.json").read_text())
    facts = beside.release.facts["encoder"]
    assert known == {
        "digest": beside.release.artefacts["encoder"].digest,
        "trained_as_of": (START + timedelta(days=DAY)).isoformat(), "version": facts["version"],
        "settings": facts["settings"], "inputs": facts["inputs"],
    }  # fmt: skip
    assert (
        Encoder.load(beside.workspace.artefacts.path(beside.release.artefacts["encoder"])).version == known["version"]
    )
    assert not list(beside.workspace.cache.glob("*.checkpoint"))
    assert len(facts["history"]) == 1


def test_the_same_day_again_publishes_nothing(going_on: Made) -> None:
    again = run(going_on.workspace, going_on.config)
    assert (again.release, again.published) == ("r0001", False)
    assert all(step.reused for step in again.steps)


def test_a_young_encoder_is_taken_over_and_reads_what_is_new(going_on: Made) -> None:
    before = digest(going_on.workspace)
    later = run(going_on.workspace, changed(going_on.config, retrain_days=2.0), DAY + 1)
    assert (trained(later), digest(going_on.workspace)) == (0, before)
    known = json.loads((going_on.workspace.root / "encoder.json").read_text())
    assert known["trained_as_of"] == (START + timedelta(days=DAY)).isoformat()
    first, second = (
        going_on.workspace.read_release("vectors", each) for each in going_on.workspace.releases.list()[:2]
    )
    active = going_on.workspace.read("events").filter(
        pl.col("timestamp").dt.date() == (START + timedelta(days=DAY)).date()
    )
    user = active["user_id"][0]
    old, new = (frame.filter(kind="user", id=user)["vector"][0].to_list()[TOWERS:] for frame in (first, second))
    assert old != new


def test_an_old_encoder_is_trained_anew(going_on: Made) -> None:
    before = digest(going_on.workspace)
    later = run(going_on.workspace, changed(going_on.config, retrain_days=2.0), DAY + 2)
    assert trained(later) == 1
    assert digest(going_on.workspace) != before


def test_other_settings_of_the_training_train_anew(going_on: Made) -> None:
    before = digest(going_on.workspace)
    assert trained(run(going_on.workspace, changed(going_on.config, temperature=0.1), DAY + 1)) == 1
    assert digest(going_on.workspace) != before


def test_an_encoder_of_the_future_is_never_taken_over(going_on: Made) -> None:
    earlier = START + timedelta(days=DAY - 1)
    assert young(going_on, DAY - 1) is None
    report = run(going_on.workspace, going_on.config, DAY - 1)
    assert trained(report) == 1
    assert going_on.release.facts["encoder"]["trained_as_of"] == earlier.isoformat()


@pytest.mark.parametrize(
    ("settings", "days", "found"),
    [
        ({}, 0, False), ({}, 0.1, True), ({}, 6.9, True), ({}, 7, False), ({"retrain_days": 0.0}, 0, False),
        ({"served_width": 0.5, "number_days": 1.0, "device": "cpu", "use": ()}, 1, True),
        ({"epochs": 2}, 1, False), ({"model": "elsewhere"}, 1, False),
    ],
)  # fmt: skip
def test_what_is_taken_over_is_young_and_was_taught_the_same(
    beside: Made, settings: dict[str, object], days: float, found: bool
) -> None:
    assert (young(beside, DAY + days, **settings) is not None) == found


def test_other_kinds_of_events_train_anew(beside: Made) -> None:
    events = EventsConfig.model_validate({"view": {"role": "intent", "weight": 0.5}})
    inputs = load_inputs(beside.workspace, START + timedelta(days=DAY + 1))
    assert young_enough(beside.workspace, beside.config, inputs) is not None
    assert young_enough(beside.workspace, beside.config.model_copy(update={"events": events}), inputs) is None


def test_a_damaged_pointer_says_what_to_do(going_on: Made) -> None:
    (going_on.workspace.root / "encoder.json").write_text("{")
    with pytest.raises(WorkspaceError, match=r"encoder\.json is damaged.*intentrec encoder train"):
        young(going_on, DAY)


def test_an_encoder_whose_folder_is_gone_is_not_taken_over(going_on: Made) -> None:
    import shutil

    shutil.rmtree(going_on.workspace.artefacts.root / "encoder")
    assert young(going_on, DAY + 1) is None
    assert trained(run(going_on.workspace, going_on.config)) == 1


def test_the_served_width_is_that_of_today(going_on: Made) -> None:
    before = digest(going_on.workspace)
    later = run(going_on.workspace, changed(going_on.config, served_width=0.5))
    assert (trained(later), digest(going_on.workspace)) == (0, before)
    assert vectors(going_on.workspace, "item").shape[1] == TOWERS + HALF


def test_the_same_weights_narrowed_otherwise_are_another_encoder(going_on: Made) -> None:
    narrow = changed(going_on.config, served_width=0.5)
    run(going_on.workspace, narrow)
    learned, version = vectors(going_on.workspace, "item"), going_on.release.facts["encoder"]["version"]
    run(going_on.workspace, changed(narrow, narrow_steps=0))
    assert going_on.release.facts["encoder"]["version"] == version
    assert not np.allclose(vectors(going_on.workspace, "item")[:, TOWERS:], learned[:, TOWERS:], atol=1e-3)


def test_numbers_are_counted_as_often_as_the_settings_say_now(beside: Made) -> None:
    ref = beside.release.artefacts["encoder"]
    config = changed(beside.config, number_days=1.5, served_width=0.5).encoder
    opened = open_encoder(beside.workspace, ref, config)
    assert (opened.config.number_days, opened.config.served_width, opened.served) == (1.5, 0.5, HALF)


def test_as_text_it_makes_other_item_vectors_and_adds_no_coordinate(
    without: Made, shop: Shop, model: Path, tmp_path: Path
) -> None:
    settings = with_encoder(model, "text")
    own = made(tmp_path, shop, settings)
    reading, plain = vectors(own.workspace, "item"), vectors(without.workspace, "item")
    assert reading.shape == plain.shape
    assert not np.allclose(reading, plain)
    assert "encoder" not in towers_of(own.workspace).blend.parts


def test_without_held_out_days_it_counts_as_much_as_one_part(shop: Shop, model: Path, tmp_path: Path) -> None:
    settings = with_encoder(model, "channel", validation_days=0.0)
    settings["towers"] |= {"validation_days": 0.0}
    own = made(tmp_path, shop, settings)
    blend = towers_of(own.workspace).blend
    assert blend.parts == ("pooled", "encoder")
    assert blend.weights == ((1.0, 1.0),)


@pytest.mark.parametrize("learned", [{"validation_days": 13.0}, {"validation": "last"}])
def test_days_that_judge_the_towers_must_not_teach_the_encoder(
    shop: Shop, model: Path, tmp_path: Path, learned: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match="The towers hold out 14 days.*encoder.validation_days to at least 14"):
        made(tmp_path, shop, with_encoder(model, "channel", **learned))


QUICK: Settings = {"evaluation": {"baselines": ["popularity"], "trials": 1, "samples": 100, "ks": [5, 10]}}


def test_targets_one_after_the_other_are_asked_of_the_towers_alone(shop: Shop, model: Path, tmp_path: Path) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop, settings=with_encoder(model, "channel") | QUICK)
    found = evaluate_workspace(workspace, config, targets="last", progress=SILENT)
    assert found.systems == ["intentrec, towers only", "popularity"]
    assert found.value("intentrec, towers only", "recall@10") > 0
    assert not (workspace.root / "encoder.json").exists()  # a cut's encoder is not what readers use


def test_a_split_without_one_time_takes_over_no_training_of_the_events_it_holds_out(
    shop: Shop, model: Path, tmp_path: Path
) -> None:
    settings = with_encoder(model, "channel", validation_days=0.0) | QUICK
    settings["towers"] |= {"validation_days": 0.0}  # so that the last event of each user teaches something
    workspace, config = open_shop(tmp_path / "shop", shop, settings=settings)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    before = set((workspace.artefacts.root / "encoder").iterdir())
    evaluate_workspace(workspace, config, protocol="leave-one-out", progress=SILENT)
    assert len(set((workspace.artefacts.root / "encoder").iterdir()) - before) == 1


def test_nothing_after_the_as_of_time_changes_the_encoder(model: Path, shop: Shop, tmp_path: Path) -> None:
    cut = START + timedelta(days=DAY)
    dated = replace(shop, items=shop.items.with_columns(created_at=pl.lit(START)))
    settings = with_encoder(model, "channel", history="all", numbers="percentile", item_tokens=48)
    past = replace(dated, events=dated.events.filter(pl.col("timestamp") < cut))
    later = [("user001", "new-lamp", 0), ("stranger", "tea-0-0", 1), ("user002", "garden-1-1", 2)]
    new = pl.DataFrame({"item_id": ["new-lamp"], "title": ["NEW LAMP"], "created_at": [cut]}).cast(dated.items.schema)
    events = pl.DataFrame(
        [(user, cut + timedelta(days=days), "purchase", item) for user, item, days in later],
        schema=dated.events.schema, orient="row",
    )  # fmt: skip
    knowing = replace(dated, items=dated.items.vstack(new), events=dated.events.vstack(events))
    shown = [("user001", cut - timedelta(days=30), "baking-0-0"), ("user003", cut - timedelta(days=40), "tea-1-1")]
    found = []
    for name, world, more in (("past", past, []), ("knowing", knowing, [("user002", cut, "christmas-0-0")])):
        workspace, config = open_shop(tmp_path / name, world, settings=settings)
        frame = pl.DataFrame([*shown, *more], schema=["user_id", "timestamp", "item_id"], orient="row")
        file = tmp_path / f"{name}.parquet"
        frame.with_columns(clicked=pl.lit(False)).write_parquet(file)
        ingest_files(workspace, config, {"impressions": [file]}, now=NOW, progress=SILENT)
        run(workspace, config)
        found.append((digest(workspace), workspace.release().content()))
    assert found[0] == found[1]


def test_categories_of_the_catalogue_win_over_own_ones() -> None:
    items = ITEMS.rows(
        {"item_id": name, "title": name, "category": own} for name, own in (("a", "x"), ("b", "y"), ("c", None))
    )
    catalogue = CATALOGUE.rows([{"item_id": "a", "category": "tea"}, {"item_id": "c", "category": None}])
    assert with_categories(items, catalogue)["category"].to_list() == ["tea", "y", None]
    assert with_categories(items.drop("category"), catalogue)["category"].to_list() == ["tea", None, None]
    assert with_categories(items, catalogue)["item_id"].to_list() == ["a", "b", "c"]


def test_before_any_training_near_line_says_what_to_do(without: Made) -> None:
    with pytest.raises(NotFittedError, match="has no trained encoder. Run `intentrec encoder train` first"):
        near_line(without.workspace, without.config, ["user000"])


def test_a_checkpoint_of_other_inputs_is_removed_and_its_own_is_found_again(beside):
    day = load_inputs(beside.workspace, None)
    config = load_config(beside.workspace.config_file)
    mine = checkpoint_of(beside.workspace, day, config)
    mine.write_bytes(b"half done")
    assert checkpoint_of(beside.workspace, day, config) == mine
    assert mine.exists()
    other = checkpoint_of(beside.workspace, replace(day, identity=day.identity | {"events": "more"}), config)
    assert other != mine
    assert not mine.exists()


def test_an_earlier_day_does_not_take_readers_back(beside):
    file = beside.workspace.root / "encoder.json"
    known = file.read_bytes()
    trained = datetime.fromisoformat(json.loads(known)["trained_as_of"])
    facts = {"trained_as_of": (trained - timedelta(days=1)).isoformat(), "version": "v", "settings": "s"}
    ref = ArtefactRef(name="encoder", digest="d")
    remember(
        beside.workspace, StepRecord(step="encoder", artefacts={"encoder": ref}, facts=facts, counts={"trained": 1})
    )
    assert file.read_bytes() == known
