"""From a log to an adapter, with a tiny random model: what is published, what is refused, what is done once only."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from align_shop import few, save_writer
from intentrec.alignment.data.mixing import is_held_out
from intentrec.config import Config, parse_config
from intentrec.errors import DataError, LLMAnswerError, LLMUnavailable
from intentrec.judge.state import Checked, JudgeState, store_state
from intentrec.llm import Ledger, read_card
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline import align_training
from intentrec.pipeline.adapters import with_adapters
from intentrec.pipeline.align_judging import Examiner
from intentrec.pipeline.align_report import AlignReport
from intentrec.pipeline.align_shelf import Shelf
from intentrec.pipeline.align_status import adapters_of
from intentrec.pipeline.aligning import AlignOptions, align_workspace, make_samples
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, fill, make_shop, merged, open_shop, opener


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(tmp_path_factory.mktemp("writer"))


def settings(writer: Path, **alignment: Any) -> Config:
    return parse_config(merged(few(writer, **alignment)), "test")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_shop(tmp_path_factory.mktemp("align") / "shop", make_shop(24))[0]


def run(workspace: Workspace, config: Config, task: Any = "tags", **options: Any) -> AlignReport:
    return align_workspace(workspace, config, AlignOptions(task, **options), now=lambda: NOW, progress=SILENT)


@pytest.fixture(scope="module")
def first(workspace: Workspace, writer: Path) -> AlignReport:
    return run(workspace, settings(writer))


@pytest.mark.slow
@pytest.mark.usefixtures("package")
def test_one_command_leads_from_a_log_to_an_adapter_in_use(
    workspace: Workspace, writer: Path, first: AlignReport
) -> None:
    assert first.trained
    assert first.published
    assert first.decision.accepted
    assert set(first.figures) == {"new", f"{writer.name}, writing", "rules"}
    assert set(first.figures["new"]) == {"pass rate", "HR@30"}
    assert first.figures["rules"]["pass rate"] > 0.5
    folder = workspace.root / first.folder
    card = read_card(folder)
    assert card.name == first.name
    assert card.data.counts.keys() == {"rules", "behaviour"}
    assert card.figures["pass rate"] == first.figures["new"]["pass rate"]
    assert card.prompt_version.startswith("tags/tuned.en@")
    assert {"adapter_model.safetensors", "adapter.gguf"} <= card.files.keys()
    used = with_adapters(workspace, settings(writer)).llm.adapters
    assert {task: workspace.root / adapter.path for task, adapter in used.items()} == {"tags": folder}
    (line,) = adapters_of(workspace, settings(writer))
    assert (line.name, line.standing, line.overruled) == (first.name, "in use", False)
    assert workspace.read("samples")["task"].unique().to_list() == ["tags"]


def test_the_next_run_writes_with_it(workspace: Workspace, writer: Path, first: AlignReport) -> None:
    config = settings(writer)
    user = next(f"user{n:03d}" for n in range(24) if not is_held_out(f"user{n:03d}", config.alignment.data))
    options = RunOptions(llm_users=frozenset({user}), last_stage="tags")
    run_day(workspace, config, options, now=lambda: NOW, progress=SILENT)
    asked = Ledger(workspace.ledger)
    models = {call.model for call in asked.calls(stage="tags", subject=user)}
    asked.close()
    digest = read_card(workspace.root / first.folder).digest
    assert f"{writer.name}+tags-{digest[:8]}" in models


def test_the_same_run_once_more_trains_nothing_and_says_the_same(
    workspace: Workspace, writer: Path, first: AlignReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(align_training, "recipes", None)
    rows = workspace.read("samples").height
    again = run(workspace, settings(writer))
    assert not again.trained
    assert again.model_copy(update={"steps": ()}) == first.model_copy(update={"steps": ()})
    assert [step.name for step in again.steps] == [step.name for step in first.steps]
    assert workspace.read("samples").height == rows


@pytest.mark.slow
@pytest.mark.usefixtures("package")
def test_a_worse_adapter_is_refused_and_stays_on_disk_with_the_reason(tmp_path: Path, writer: Path) -> None:
    workspace = open_shop(tmp_path / "shop", make_shop(24))[0]
    # Held against choosing from the rules' own lists, a model that writes at random is worse.
    config = settings(writer, gate={"against": "in-use"})
    found = run(workspace, config)
    assert not found.decision.accepted
    assert not found.published
    assert found.against == f"{writer.name}, choosing"
    assert "more than gate.margin 0.02" in found.decision.refusals[0]
    assert Shelf(workspace).current() == {}
    (line,) = adapters_of(workspace, config)
    assert line.standing == "refused"
    assert line.refusals == found.decision.refusals
    assert (workspace.root / found.folder / "report.json").is_file()
    assert with_adapters(workspace, config).llm.adapters == {}


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    return open_shop(tmp_path / "shop", make_shop(24))[0]


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that likes whatever is short, so that a model which knows nothing has good answers and bad ones."""

    def grades(self: Examiner, answered: Any) -> list[list[str]]:
        return [["bad" if int(sha256(text.encode()).hexdigest(), 16) % 2 else "average"] for _, text in answered]

    monkeypatch.setattr(Examiner, "grades", grades)


@pytest.mark.slow
@pytest.mark.usefixtures("lenient")
def test_a_round_of_self_training_adds_what_the_model_said_itself(fresh: Workspace, writer: Path) -> None:
    config = settings(writer, rounds=1, data={"curriculum_limit": 1, "general_share": 0.2})
    found = run(fresh, config, publish=False)
    assert [step.trained for step in found.steps] == [True] * 3
    lessons, begun, more = found.steps
    assert lessons.samples.keys() == {"curriculum"}
    assert {"rules", "general"} <= begun.samples.keys() < more.samples.keys()
    assert more.samples["self"] >= 1
    assert found.judged["self: passed"] >= more.samples["self"]
    assert read_card(fresh.root / found.folder).parent == lessons.name
    assert set(fresh.read("samples")["source"]) == {"rules", "behaviour", "self", "curriculum", "general"}
    assert not found.published
    assert Shelf(fresh).current() == {}
    # What was trained for nothing but to go on from is found again, too.
    again = run(fresh, config, publish=False)
    assert not again.trained
    assert again.name == found.name


@pytest.mark.slow
@pytest.mark.parametrize("task", ["interests", "explanations"])
def test_the_other_stages_are_aligned_alike(fresh: Workspace, writer: Path, task: str) -> None:
    found = run(fresh, settings(writer, data={"held_out": 0.4}), task)
    assert found.trained
    assert set(found.figures["new"]) == {"pass rate"}
    assert found.prompt_version.startswith(f"{task}/tuned.en@")
    assert found.questions["held out"] >= 2


def test_without_the_judge_everything_is_learned_and_the_report_says_so(fresh: Workspace, writer: Path) -> None:
    samples = make_samples(fresh, settings(writer), AlignOptions("tags", judged=False), progress=SILENT)
    assert {sample.grade for sample in samples} == {""}
    judged = make_samples(fresh, settings(writer), AlignOptions("tags"), progress=SILENT)
    assert {sample.grade for sample in judged if sample.source == "rules"} == {"average"}
    assert fresh.read("samples").height == len({sample.sample_id for sample in (*samples, *judged)})


def test_a_teacher_that_cannot_be_reached_is_named(fresh: Workspace, writer: Path) -> None:
    config = settings(writer, teacher="http://127.0.0.1:9/v1", teacher_model="big")
    config = config.model_copy(update={"llm": config.llm.model_copy(update={"max_retries": 0})})
    with pytest.raises(LLMUnavailable, match=r"big is down: .*What it answered is kept"):
        make_samples(fresh, config, AlignOptions("tags"), progress=SILENT)


@pytest.mark.usefixtures("lenient")
def test_a_teacher_answers_with_examples_and_is_learned_in_the_short_form(
    fresh: Workspace, writer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = ScriptedBackend(fill)
    monkeypatch.setattr("intentrec.pipeline.align_writers.open_model", opener(teacher))
    made = make_samples(fresh, settings(writer, teacher="big.gguf"), AlignOptions("tags"), progress=SILENT)
    taught = [sample for sample in made if sample.source == "teacher"]
    assert taught
    assert {sample.writer for sample in taught} == {teacher.model_id}
    assert all(sample.prompt_version.startswith("tags/tuned.en@") for sample in taught)
    assert all(request.prompt_version.startswith("tags/each.en@") for request in teacher.asked)


def test_where_nobody_has_an_answer_nothing_is_trained(fresh: Workspace, writer: Path) -> None:
    values = merged(few(writer))
    values["tags"] = {"chosen": 20, "shortlist": 3}  # the rules never have so many
    with pytest.raises(DataError, match="There is nothing to train tags on: of .* no answer may be learned"):
        run(fresh, parse_config(values, "test"))
    assert not (fresh.root / "adapters" / "tags").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("lenient")
@pytest.mark.parametrize("method", ["dpo", "grpo"])
def test_what_was_taught_is_gone_on_from_by_preference_or_reward(fresh: Workspace, writer: Path, method: str) -> None:
    config = settings(
        writer, method=method, rounds=1, grpo_steps=1, grpo_questions=1, grpo_group=2, grpo_tokens=16,
        data={"own_answers": 4},
    )  # fmt: skip
    found = run(fresh, config)
    assert [step.method for step in found.steps] == ["sft", method]
    card = read_card(fresh.root / found.folder)
    assert (card.method, card.parent) == (method, found.steps[0].name)
    assert found.steps[1].samples.keys() == ({"self"} if method == "dpo" else {"questions"})
    assert not run(fresh, config).trained


def test_a_stale_judge_stops_before_anything_is_done(fresh: Workspace, writer: Path) -> None:
    stale = Checked(task="tag", criterion="relevance", n=50, accuracy=0.5, kappa=0.0, stale=True)
    store_state(fresh, JudgeState(model="m", checked=(stale,)))
    with pytest.raises(LLMAnswerError, match="is stale"):
        run(fresh, settings(writer))
    assert not (fresh.root / "adapters").exists()


@pytest.mark.slow
def test_dpo_needs_answers_of_which_some_are_better(fresh: Workspace, writer: Path) -> None:
    # Rules refuse whatever a random model says, so that no answer is better than another.
    with pytest.raises(DataError, match="There are no pairs to learn from"):
        run(fresh, settings(writer, method="dpo", rounds=1))
