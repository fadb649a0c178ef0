"""A release of the small shop judged: by rules, by a model, against people."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from intentrec.config import Config
from intentrec.errors import BudgetExceeded, ConfigError, DataError, LLMAnswerError
from intentrec.judge.criteria import CRITERIA, TASKS
from intentrec.judge.state import judge_state
from intentrec.llm import Request
from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.pipeline.doctor import examine
from intentrec.pipeline.judge_people import chat_data, hold_against_people
from intentrec.pipeline.judging import JudgeReport, judge_workspace, task_named
from intentrec.progress import SILENT
from intentrec.tables import LABELS
from intentrec.workspace import Workspace, erase_user
from shop_world import NOW, Shop, open_shop, opener

Judged = Callable[..., JudgeReport]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> tuple[Workspace, Config]:
    workspace, config = open_shop(tmp_path_factory.mktemp("judged") / "shop", shop)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    return workspace, config


def changed(config: Config, **judge: object) -> Config:
    return config.model_copy(update={"judge": config.judge.model_copy(update={"least_support": -1.0} | judge)})


def judged(
    released: tuple[Workspace, Config], labels: pl.DataFrame | None = None, sample: int = 20, **judge: object
) -> JudgeReport:
    workspace, config = released
    given = LABELS.empty() if labels is None else labels
    return judge_workspace(workspace, changed(config, **judge), given, sample=sample, now=lambda: NOW, progress=SILENT)


def large(released: tuple[Workspace, Config], **llm: object) -> tuple[Workspace, Config]:
    """The settings of a model that is not small."""
    workspace, config = released
    return workspace, config.model_copy(update={"llm": config.llm.model_copy(update={"small": False} | llm)})


def labels_of(workspace: Workspace, task: str, *, fails: Callable[[int], bool], n: int = 40) -> pl.DataFrame:
    """Labels on the first rows of a task's table by every criterion; those that fail do so by all of them."""
    frame = workspace.read_release({"interest": "interests", "tag": "tags"}[task]).head(n)
    words = workspace.read_release("interests").select("user_id", "interest_id", words="interest")
    rows = []
    for place, row in enumerate(frame.join(words, on=["user_id", "interest_id"]).iter_rows(named=True)):
        for criterion in CRITERIA[task]:  # type: ignore[index]
            rows.append(
                {
                    "label_id": f"{task}{place}{criterion.name}", "task": task, "subject": row["user_id"],
                    "user_id": row["user_id"], "interest": row["words"],
                    "text": row["words"] if task == "interest" else row["tag"], "criterion": criterion.name,
                    "verdict": criterion.worst if fails(place) else criterion.plain, "rater": "ann",
                    "at": NOW - timedelta(hours=place),
                }
            )  # fmt: skip
    return LABELS.rows(rows)


def test_rules_judge_a_sample_of_every_task_and_keep_the_verdicts(released: tuple[Workspace, Config]) -> None:
    report = judged(released)
    assert report.model == "none"
    assert report.judged == {"interest": 20, "tag": 20, "explanation": 20}
    assert {(line.task, line.criterion) for line in report.rates} == {
        (task, name) for task in TASKS for name in (*(c.name for c in CRITERIA[task]), "grade")
    }
    assert all(line.corrected is None and line.why_not == "no labels" for line in report.rates)
    assert all(line.judged and line.judged.low <= line.judged.value <= line.judged.high for line in report.rates)
    assert report.state.standing == "unchecked"
    assert any("by rules alone" in note for note in report.notes)
    verdicts = released[0].read("verdicts")
    assert verdicts.filter(criterion="grade").height == 60
    again = judged(released)
    assert again.rates == report.rates
    assert released[0].read("verdicts").equals(verdicts)
    assert report.as_dict()["state"]["standing"] == "unchecked"


def test_tasks_are_named_singular_or_plural() -> None:
    assert (task_named("tags"), task_named("explanation")) == ("tag", "explanation")
    with pytest.raises(ConfigError, match="no task 'songs'. The judge knows interest, tag, explanation"):
        task_named("songs")


def test_a_model_must_be_named_to_be_asked(released: tuple[Workspace, Config]) -> None:
    with pytest.raises(ConfigError, match='judge.mode is "model", but llm.backend is "none"'):
        judged(released, mode="model")


def says(word: Callable[[str], bool]) -> Callable[[Request], dict[str, str]]:
    """A judge that passes or fails by what it is shown, and quotes the first words of it."""

    def answer(request: Request) -> dict[str, str]:
        shown = request.messages[-1].content
        levels = request.answer_schema["properties"]["verdict"]["enum"]
        passing = [level for level in levels if level in ("yes", "strong", "good")]
        failing = [level for level in levels if level in ("no", "none", "bad")]
        return {"quote": shown.split("«")[1].split("»")[0], "verdict": (passing if word(shown) else failing)[0]}

    return answer


@pytest.fixture
def use_judge(monkeypatch: pytest.MonkeyPatch) -> Callable[[ScriptedBackend], None]:
    return lambda backend: monkeypatch.setattr("intentrec.pipeline.judging.open_model", opener(backend))


def test_a_model_that_says_yes_to_everything_is_stopped_and_nothing_is_kept(
    released: tuple[Workspace, Config], use_judge: Callable[[ScriptedBackend], None]
) -> None:
    judged(released, sample=5)
    before = released[0].read("verdicts")
    backend = ScriptedBackend(says(lambda shown: True), "yes-man")
    use_judge(backend)
    with pytest.raises(LLMAnswerError, match="yes-man is no judge of interests: it let 12 of 12 planted faults pass"):
        judged(large(released), sample=5)
    assert released[0].read("verdicts").equals(before)
    assert len(backend.asked) < 40


def test_a_model_that_catches_planted_faults_judges_what_rules_leave_open(
    released: tuple[Workspace, Config], use_judge: Callable[[ScriptedBackend], None]
) -> None:
    backend = ScriptedBackend(says(lambda shown: False), "strict")
    use_judge(backend)
    with pytest.raises(LLMAnswerError, match="12 of 12 planted faults, and 12 of the 12 outputs without them, too"):
        judged(large(released), sample=25)
    report = judged(large(released), sample=25, least_told_apart=0.0)
    assert report.model == "strict"
    assert all(one.caught == one.shown for one in report.caught)
    assert sum(one.shown for one in report.caught) == 36
    assert any("the model failed all" in note for note in report.notes)
    assert 0 < report.usage["judge"]["calls"] < len(backend.asked)  # the run that was stopped paid for its share
    stored = released[0].read("verdicts").filter(model="strict")
    assert set(stored["decided_by"]) == {"rule", "model", "all"}
    calls = len(backend.asked)
    assert judged(large(released), sample=25, least_told_apart=0.0).rates == report.rates
    assert len(backend.asked) == calls


def test_a_small_model_is_not_asked_unless_it_is_told_to_be(
    released: tuple[Workspace, Config], use_judge: Callable[[ScriptedBackend], None]
) -> None:
    backend = ScriptedBackend({})
    use_judge(backend)
    assert judged(released, sample=5).model == "none"
    assert backend.asked == []


def test_a_budget_ends_a_run_and_the_next_one_goes_on(
    released: tuple[Workspace, Config], use_judge: Callable[[ScriptedBackend], None]
) -> None:
    backend = ScriptedBackend(says(lambda shown: False), "dear")
    use_judge(backend)
    with pytest.raises(BudgetExceeded):
        judged(large(released, budget_tokens=20_000), sample=10, least_told_apart=0.0)
    paid = len(backend.asked)
    report = judged(large(released), sample=10, least_told_apart=0.0)
    assert report.usage["judge"]["calls"] == len(backend.asked) - paid


def test_labels_correct_the_rates_and_tell_whether_the_judge_is_stale(released: tuple[Workspace, Config]) -> None:
    workspace, _ = released
    # People fail every third interest, and the rules see nothing wrong with any.
    labels = labels_of(workspace, "interest", fails=lambda place: place % 3 == 0)
    report = judged(released, labels, least_labels=5)
    line = next(x for x in report.rates if (x.task, x.criterion, x.writer) == ("interest", "willingness", "all"))
    assert (line.errors.good, line.errors.bad) == (26, 14)
    assert line.corrected is None
    assert line.why_not == "on the labels the judge is no better than chance"
    assert report.state.standing == "stale"
    assert judge_state(workspace).stale_for("interest")
    finding = next(finding for finding in examine(workspace.root) if finding.what == "judge")
    assert finding.ok is False
    assert "stale" in finding.message
    too_few = judged(released, labels.head(6), least_labels=5)
    line = next(x for x in too_few.rates if (x.task, x.criterion) == ("interest", "willingness"))
    assert line.why_not == "labels: 1 passing and 1 failing; judge.least_labels asks for 5 of each"


def test_the_judge_is_held_against_people_by_what_it_said_last(released: tuple[Workspace, Config]) -> None:
    workspace, config = released
    labels = labels_of(workspace, "tag", fails=lambda place: False)
    judged(released, labels)
    found = hold_against_people(workspace, changed(config), labels, now=lambda: NOW)
    assert {(one.task, one.criterion) for one in found.standings} == {
        ("tag", name) for name in ("relevance", "consistency", "specificity", "validity", "grade")
    }
    assert all(one.n == 40 for one in found.standings)
    assert found.as_dict()["model"] == "none"
    with pytest.raises(DataError, match="no labels"):
        hold_against_people(workspace, config, LABELS.empty(), now=lambda: NOW)
    strangers = labels.with_columns(text=pl.lit("nothing of ours"))
    with pytest.raises(DataError, match=r"has judged nothing of the 160 labels. Run `intentrec judge`"):
        hold_against_people(workspace, config, strangers, now=lambda: NOW)


def test_labels_become_balanced_chats(released: tuple[Workspace, Config]) -> None:
    workspace, config = released
    labels = labels_of(workspace, "tag", fails=lambda place: place < 4)
    data = chat_data(workspace, config, labels, small=False)
    assert data.kept == {f"tag {c.name}": 8 for c in CRITERIA["tag"]}
    assert data.labelled == {f"tag {c.name}": 40 for c in CRITERIA["tag"]}
    assert (len(data.lines), data.lost) == (32, 0)
    gone = pl.concat([labels, labels.with_columns(text=pl.lit("gone"), label_id=pl.lit("x") + pl.col("label_id"))])
    assert chat_data(workspace, config, gone, small=True).lost > 0
    with pytest.raises(DataError, match="leave nothing to train on"):
        chat_data(workspace, config, labels_of(workspace, "tag", fails=lambda place: False), small=False)


def test_an_erased_user_leaves_no_verdict(tmp_path: Path, shop: Shop) -> None:
    workspace, config = open_shop(tmp_path / "shop", shop)
    run_day(workspace, config, RunOptions(), now=lambda: NOW, progress=SILENT)
    judged((workspace, config), sample=200)
    assert not workspace.read("verdicts").filter(user_id="user003").is_empty()
    erase_user(workspace, "user003", NOW, lambda path, user: 0)
    assert workspace.read("verdicts").filter(user_id="user003").is_empty()
    assert not workspace.read("verdicts").is_empty()


def test_what_the_model_leaves_unanswered_or_unquoted_is_told(
    released: tuple[Workspace, Config], use_judge: Callable[[ScriptedBackend], None]
) -> None:
    def half(request: Request) -> dict[str, str] | str:
        levels = request.answer_schema["properties"]["verdict"]["enum"]
        said = {"quote": "words of nobody", "verdict": levels[0]}
        return "no JSON" if "willingness" in request.prompt_version else said

    use_judge(ScriptedBackend(half, "sloppy"))
    report = judged(large(released), sample=10, least_caught=0.0, least_told_apart=-1.0)
    assert any("interest: 10 questions got no right answer" in note for note in report.notes)
    assert any("rest on a quote that stands nowhere" in note for note in report.notes)
    line = next(x for x in report.rates if (x.task, x.criterion) == ("interest", "willingness"))
    assert (line.n, line.judged) == (0, None)


def test_where_rules_refuse_everything_the_model_is_still_put_to_the_test(
    released: tuple[Workspace, Config], use_judge: Callable[[ScriptedBackend], None]
) -> None:
    use_judge(ScriptedBackend(says(lambda shown: True), "yes-man"))
    with pytest.raises(LLMAnswerError, match="yes-man is no judge"):
        judged(large(released), sample=5, least_support=1.0)
