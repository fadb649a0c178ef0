"""Several answers to a question: who gives them, what they cost, and that they stay within the budget."""

from datetime import timedelta
from pathlib import Path

import pytest

from intentrec.config import Config
from intentrec.errors import BudgetExceeded
from intentrec.llm import EstimatingModel, Ledger, LedgeredModel, LLMConfig, Request
from intentrec.llm.backends import Identity
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.chain import Tools, make_tags
from intentrec.pipeline.draws import Draws, draws_of
from intentrec.pipeline.inputs import Inputs
from intentrec.progress import SILENT
from intentrec.tables import CATALOGUE, EVENTS, INTERESTS, ITEMS, PROFILES, USERS
from intentrec.text.hashing import HashingEmbedder
from shop_world import START

AS_OF = START + timedelta(days=60)
THINGS = ("tea cup", "tea pot", "tea towel", "tea tin", "tea cosy", "tea tray")


class Drawing(ScriptedBackend):
    """Another answer for every seed, in capitals where it is drawn."""

    def __init__(self, llm: LLMConfig) -> None:
        super().__init__(self._said)
        self.decoding = {"seed": llm.seed, "temperature": llm.temperature}

    def identity(self, stage: str) -> Identity:
        return Identity(self.model_id, self.decoding)

    def _said(self, request: Request) -> dict[str, list[str]]:
        return {"tags": ["...", f"tea number{self.decoding['seed']}"]}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[LedgeredModel]:
    """The models that were opened to draw answers."""
    found: list[LedgeredModel] = []

    def opening(llm: LLMConfig, ledger: Path) -> LedgeredModel:
        found.append(LedgeredModel(Drawing(llm), Ledger(ledger), llm))
        return found[-1]

    monkeypatch.setattr("intentrec.pipeline.draws.open_model", opening)
    return found


def settings(best_of: int = 3, **llm: object) -> Config:
    tags = {"mode": "tuned", "chosen": 2, "best_of": best_of, "min_relevance": -1.0}
    return Config.model_validate({"text": {"model": "hashing"}, "tags": tags, "llm": {"seed": 5, **llm}})


def model_of(config: Config, folder: Path) -> LedgeredModel:
    return LedgeredModel(Drawing(config.llm), Ledger(folder / "ledger.sqlite"), config.llm)


def tagged(config: Config, model: LedgeredModel | EstimatingModel | None, n_interests: int = 1) -> list[str]:
    """The tags that the model wrote for the interests of the one user."""
    events = EVENTS.rows(
        {"row": n, "user_id": "ann", "timestamp": START + timedelta(days=n), "event": "purchase", "item_id": thing}
        for n, thing in enumerate(THINGS)
    )
    items = ITEMS.rows({"item_id": thing, "title": thing} for thing in THINGS)
    catalogue = CATALOGUE.rows({"item_id": t, "name": t, "phrase": t, "category": "tea"} for t in THINGS)
    interests = INTERESTS.rows(
        {"user_id": "ann", "interest_id": name, "interest": name, "evidence": [0], "weight": 1.0, "reason": "x"}
        for name in ("tea time", "work of tea")[:n_interests]
    )
    profiles = PROFILES.rows([{"user_id": "ann", "text": "", "lines": []}])
    tools = Tools(config, HashingEmbedder(64), model, None, SILENT)
    made = make_tags(tools, Inputs(items, USERS.empty(), events, AS_OF, {}), catalogue, profiles, interests)
    return made.table.filter(model="scripted")["tag"].to_list()


def test_each_draw_has_its_own_seed_and_the_temperature_of_the_settings(
    tmp_path: Path, opened: list[LedgeredModel]
) -> None:
    config = settings()
    model = model_of(config, tmp_path)

    assert tagged(config, model) == ["tea number5"]
    calls = [call.request for call in model.ledger.calls()]
    assert sum(f'"seed":{seed},' in text for seed in (5, 6, 7) for text in calls) == 3
    assert sum('"temperature":0.8' in text for text in calls) == 2
    assert model.usage["tags"].requests == model.usage["tags"].calls == 3
    assert len(opened) == 2
    model.close()


def test_nothing_is_opened_for_one_answer(tmp_path: Path, opened: list[LedgeredModel]) -> None:
    config = settings(best_of=1)
    model = model_of(config, tmp_path)

    assert tagged(config, model) == ["tea number5"]
    assert opened == []
    model.close()


def test_a_second_run_asks_nothing(tmp_path: Path, opened: list[LedgeredModel]) -> None:
    config = settings()
    for calls in (3, 0):
        model = model_of(config, tmp_path)
        tagged(config, model)
        assert model.usage["tags"].calls == calls
        assert model.usage["tags"].hits == 3 - calls
        model.close()


@pytest.mark.parametrize(
    ("cap", "calls"),
    [
        ({"budget_tokens": 60, "slots": 1, "backend": "embedded"}, 3),
        ({"budget_usd": 60e-6, "price_in": 1.0, "price_out": 1.0, "backend": "embedded"}, 3),
    ],
)
def test_all_draws_together_keep_to_the_budget(
    tmp_path: Path, opened: list[LedgeredModel], cap: dict[str, object], calls: int
) -> None:
    config = settings(**cap)
    model = model_of(config, tmp_path)

    with pytest.raises(BudgetExceeded):
        tagged(config, model, 2)
    assert model.usage["tags"].calls == calls
    model.close()


def test_an_estimate_counts_every_draw(tmp_path: Path, opened: list[LedgeredModel]) -> None:
    config = settings()
    model = EstimatingModel(Drawing(config.llm), Ledger(None), config.llm)
    tagged(config, model)

    assert model.estimate().calls == 3
    assert opened == []
    model.close()


def test_without_a_model_or_a_ledger_on_disk_nothing_draws(tmp_path: Path, opened: list[LedgeredModel]) -> None:
    config = settings()
    in_memory = LedgeredModel(Drawing(config.llm), Ledger(None), config.llm)
    for model in (None, in_memory):
        with draws_of(model, config) as draw:
            assert draw is None
    in_memory.close()


def test_closing_what_was_never_opened_is_nothing(tmp_path: Path) -> None:
    config = settings()
    model = model_of(config, tmp_path)
    Draws(model, config.llm, 0.8).close()

    assert model.usage == {}
    model.close()
