"""Both roads on one shop: every question has an answer for every system, and nothing is published."""

import json
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import polars as pl
import pytest

from encoder_shop import with_encoder
from encoder_world import save_bert
from intentrec.config import Config
from intentrec.errors import NotFoundError
from intentrec.evaluation import Evaluation
from intentrec.evaluation.frames import ROADS_SCHEMA
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.comparison import BOTH, ENCODER, INTENTS, compare_workspace
from intentrec.pipeline.roads import chain_share
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import DAYS, START, Settings, fill, make_shop, open_shop, opener

QUICK: Settings = {"evaluation": {"baselines": ["popularity"], "trials": 1, "samples": 100, "ks": [5, 10]}}
ROADS = (INTENTS, ENCODER, BOTH)
CHAIN = "rows of the first 10 with a checked chain of evidence"
N_USERS, WRITTEN = 16, frozenset({"user001", "user002"})


@dataclass(frozen=True)
class Compared:
    """Two comparisons of the same workspace, and how often the language model was asked by the end of each."""

    workspace: Workspace
    config: Config
    first: Evaluation
    again: Evaluation
    asked: tuple[int, int]
    steps: tuple[int, int]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder, monkeypatch = tmp_path_factory.mktemp("compared"), pytest.MonkeyPatch()
    save_bert(folder / "bert")
    backend = ScriptedBackend(fill)
    monkeypatch.setattr("intentrec.pipeline.daily.open_model", opener(backend))
    workspace, config = open_shop(folder / "shop", make_shop(N_USERS), settings=with_encoder(folder / "bert") | QUICK)
    found, asked, steps = [], [], []
    for _ in range(2):
        made = compare_workspace(workspace, config, llm_users=WRITTEN, command="intentrec compare", progress=SILENT)
        found.append(made)
        asked.append(len(backend.asked))
        steps.append(len(list((workspace.root / "runs" / "steps").iterdir())))
    monkeypatch.undo()
    return Compared(workspace, config, *found, tuple(asked), tuple(steps))


def value(found: Evaluation, measure: str, system: str) -> float | None:
    row = found.roads.filter(measure=measure, system=system)
    assert row.height == 1, (measure, system)
    return row["value"][0]


@pytest.mark.slow
def test_three_systems_stand_beside_the_baselines(compared: Compared) -> None:
    assert compared.first.systems == [*ROADS, "popularity"]
    for system in ROADS:
        assert 0 <= compared.first.value(system, "recall@10") <= 1
    assert compared.first.cut == START + timedelta(days=DAYS - 28)


@pytest.mark.slow
def test_every_question_is_answered_for_every_road(compared: Compared) -> None:
    roads = compared.first.roads
    assert roads.schema == ROADS_SCHEMA
    assert set(roads["question"]) == {
        "Where collaborative signal enters", "Offline cost", "Online cost", "Freshness", "Interpretability", "Context",
    }  # fmt: skip
    asked = roads.group_by("question", "measure").agg(pl.col("system").sort(), pl.len())
    assert {tuple(systems) for systems in asked["system"]} == {tuple(sorted(ROADS))}
    silent = roads.filter(pl.col("value").is_null(), pl.col("said") == "")
    assert silent.is_empty(), silent
    assert roads["value"].drop_nulls().is_finite().all()
    assert (roads["value"].drop_nulls() >= 0).all()


@pytest.mark.slow
def test_what_only_one_road_needs_costs_the_other_nothing(compared: Compared) -> None:
    found = compared.first
    for texts in ("1,000 users", "1,000 new items"):
        assert value(found, f"encoder, {texts}", INTENTS) == 0
        assert value(found, f"encoder, {texts}", BOTH) == value(found, f"encoder, {texts}", ENCODER) > 1000
    written = value(found, "language model, 1,000 users", INTENTS)
    assert value(found, "language model, 1,000 users", BOTH) == written > 0
    assert value(found, "language model, 1,000 users", ENCODER) == 0


@pytest.mark.slow
def test_every_system_says_how_much_it_holds(compared: Compared) -> None:
    sizes = {system: value(compared.first, "size of what is held", system) for system in ROADS}
    assert min(sizes.values()) > 0
    assert sizes[BOTH] > sizes[INTENTS]


@pytest.mark.slow
def test_only_lists_with_intents_have_chains_of_evidence(compared: Compared) -> None:
    found = compared.first
    assert value(found, CHAIN, ENCODER) == 0
    assert 0 < value(found, CHAIN, INTENTS) <= 1
    assert 0 < value(found, CHAIN, BOTH) <= 1


@pytest.mark.slow
def test_the_towers_read_all_of_a_history_and_a_budget_of_tokens_does_not(compared: Compared) -> None:
    found = compared.first
    measure = "users whose history does not fit"
    assert value(found, measure, INTENTS) == 0
    assert value(found, measure, ENCODER) == value(found, measure, BOTH) == 1  # some twenty items in 48 tokens
    said = found.roads.filter(measure=measure, system=ENCODER)["said"][0]
    assert said == f"{compared.config.encoder.user_tokens} tokens"


@pytest.mark.slow
def test_every_form_of_the_report_has_the_roads(compared: Compared) -> None:
    found = compared.first
    assert found.to_json()["roads"] == found.roads.to_dicts()
    assert json.loads(json.dumps(found.to_json()))["roads"][0]["system"] == INTENTS
    assert "\n## The roads\n" in found.to_markdown()
    assert CHAIN in found.to_markdown()
    assert CHAIN in found.to_html()
    assert any("trained on at most 48 pairs from before the last 14 days" in note for note in found.notes)


@pytest.mark.slow
def test_nothing_is_published_and_the_metrics_of_users_are_kept(compared: Compared) -> None:
    with pytest.raises(NotFoundError):
        compared.workspace.release()
    assert not (compared.workspace.root / "encoder.json").exists()
    assert set(compared.workspace.read("user_metrics")["system"]) == {*ROADS, "popularity"}


@pytest.mark.slow
def test_comparing_again_does_nothing_again(compared: Compared) -> None:
    assert compared.asked[0] > 0
    assert compared.asked[1] == compared.asked[0]
    assert (
        compared.steps[1] == compared.steps[0] == 7
    )  # four before the trainings, one encoder, towers with and without
    assert compared.again.summary.equals(compared.first.summary)
    trained = {row["system"]: row["train_s"] for row in compared.first.costs.to_dicts()}
    assert min(trained[INTENTS], trained[ENCODER]) > 0
    again = {row["system"]: row["train_s"] for row in compared.again.costs.to_dicts()}
    assert (again[INTENTS], again[ENCODER]) == (None, None)


TABLES = {
    "interests": [
        ("ann", "i1", "pass", [0, 1]), ("ann", "i2", "pass", [0, 2]), ("ann", "i3", "fail", [0]),
        ("ann", "i4", "pass", []), ("ben", "i1", "pass", [2]),
    ],
    "tags": [
        ("ann", "i1", "tea"), ("ann", "i2", "cake"), ("ann", "i3", "lamp"), ("ann", "i4", "rug"), ("ben", "i1", "tea"),
    ],
}  # fmt: skip
SHOWN = [
    ("ann", "tea", "i1"),  # all there: counts
    ("ann", "cake", "i2"),  # row 2 is an event of Ben
    ("ann", "lamp", "i3"),  # the interest did not pass
    ("ann", "rug", "i4"),  # no evidence
    ("ann", "cup", "i1"),  # no such tag of the interest
    ("ann", "tea", "i9"),  # no such interest
    ("ann", None, None),  # by the user's vector alone
    ("ann", None, "i1"),  # by the user's vector, to where a tag of the interest leads: counts
    ("ann", None, "i2"),  # the same, to an interest with a foreign event
    ("ben", "tea", "i1"),  # counts
]


class Planted:
    """A day with hand-made tables, and the list that is shown on it."""

    def __init__(self):
        events = pl.DataFrame([("ann", 0), ("ann", 1), ("ben", 2)], schema=["user_id", "row"], orient="row")
        self.inputs = SimpleNamespace(events=events)

    def table(self, name):
        columns = {
            "interests": ["user_id", "interest_id", "verdict", "evidence"],
            "tags": ["user_id", "interest_id", "tag"],
        }
        return pl.DataFrame(TABLES[name], schema=columns[name], orient="row")

    def shown(self, users):
        frame = pl.DataFrame(SHOWN, schema=["user_id", "tag", "interest_id"], orient="row")
        return frame.filter(pl.col("user_id").is_in(users))


@pytest.mark.parametrize(
    ("users", "share"), [(["ann", "ben"], 3 / 10), (["ann"], 2 / 9), (["ben"], 1.0), (["cy"], 0.0)]
)
def test_a_chain_counts_if_tag_interest_and_all_evidence_are_the_users_own(users: list[str], share: float) -> None:
    planted = Planted()
    assert chain_share(planted, planted.shown(users), users) == pytest.approx(share)  # type: ignore[arg-type]
