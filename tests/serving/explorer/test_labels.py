"""People judge one thing at a time, meet on the same things, and see how far they agree."""

from pathlib import Path

import polars as pl
import pytest

from explorer_shop import LATER, Answered, Site
from intentrec.judge.criteria import CRITERIA, TASKS, Task
from intentrec.serving.explorer.labels.given import figures, given, waiting_in
from intentrec.serving.explorer.labels.subjects import POOL, subjects
from intentrec.serving.live import Label
from intentrec.tables import LABELS


def hidden(page: Answered, name: str) -> str:
    (value,) = page.found(rf'<input type="hidden" name="{name}" value="([^"]*)">')
    return str(value)


def best(task: Task) -> dict[str, str]:
    return {criterion.name: criterion.levels[-1] for criterion in CRITERIA[task]}


def judge(site: Site, page: Answered, task: Task, **verdicts: str) -> Answered:
    """Send the form of a page as it stands."""
    kept = {name: hidden(page, name) for name in ("task", "rater", "after", "place", "text")}
    return site.send("/labels", **kept, **(best(task) | verdicts))


@pytest.mark.parametrize("task", TASKS)
def test_a_judgement_is_stored_and_the_next_thing_comes(site: Site, task: Task) -> None:
    page = site.get("/labels/next", task=task, rater="ann")
    assert "0 of" in page.text
    text = hidden(page, "text")
    after = judge(site, page, task, note="fine")
    assert "Kept. 1 of" in after.text
    assert hidden(after, "text") != text or hidden(after, "place") != hidden(page, "place")
    labels = site.holder.store.labels()
    assert {label.criterion for label in labels} == {criterion.name for criterion in CRITERIA[task]}
    for label in labels:
        assert (label.task, label.text, label.rater, label.note, label.at) == (task, text, "ann", "fine", LATER)
        assert label.subject == (label.item_id if task == "explanation" else label.user_id)


def test_what_a_thing_rests_on_is_shown_and_who_wrote_it_is_not(still: Site) -> None:
    page = still.get("/labels/next", task="interest", rater="ann")
    first = subjects(still.workspace, "r0002", "interest")[0]
    about = still.holder.ranking.bundle.about(first.user_id or "")
    assert about is not None
    row = next(row for row in about.interests if row["interest_id"] == first.interest_id)
    assert len(page.found("<time")) == len(row["evidence"])
    assert row["reason"] in page.text
    assert "written by" not in page.text
    explained = still.get("/labels/next", task="explanation", rater="ann")
    assert "item id" in explained.text
    for criterion in CRITERIA["explanation"]:
        assert criterion.question in explained.text


def test_all_raters_see_the_same_things_in_the_same_order(site: Site) -> None:
    def first_three(rater: str) -> list[str]:
        page, found = site.get("/labels/next", task="tag", rater=rater), []
        for _ in range(3):
            found.append(hidden(page, "text"))
            page = judge(site, page, "tag")
        return found

    assert first_three("ann") == first_three("ben")


def test_what_was_skipped_comes_again_when_it_is_asked_for(site: Site) -> None:
    page = site.get("/labels/next", task="tag", rater="ann")
    (address,) = page.found(r'id="skip" href="/explorer([^"]*)"')
    skipped = site.part(address)
    assert "Skipped. 0 of" in skipped.text
    assert hidden(skipped, "place") == "2"
    judged = judge(site, skipped, "tag")
    assert hidden(judged, "place") == "3"
    assert hidden(site.get("/labels/next", task="tag", rater="ann"), "place") == "1"
    end = site.get("/labels/next", task="tag", rater="ann", after=POOL)
    assert "Nothing is left in this order" in end.text
    assert "Go through those that were skipped" in end.text


def test_a_second_judgement_replaces_the_first(site: Site) -> None:
    page = site.get("/labels/next", task="tag", rater="ann")
    judge(site, page, "tag", relevance="yes")
    judge(site, page, "tag", relevance="no")
    rows = given(site.workspace, site.holder.store.labels()).filter(pl.col("criterion") == "relevance")
    assert rows["verdict"].to_list() == ["no"]


def test_agreement_is_shown_for_two_raters_and_for_three(site: Site) -> None:
    for rater, verdicts in (("ann", "yes yes no no"), ("ben", "yes no no no")):
        page = site.get("/labels/next", task="tag", rater=rater)
        for verdict in verdicts.split():
            page = judge(site, page, "tag", relevance=verdict)
    # Equal on 3 of 4; chance .5 * .25 + .5 * .75 = .5; kappa (.75 - .5) / .5
    assert "tag relevance 2 4 4 38 % 75 % kappa 0.50" in site.get("/labels").text
    assert "tag validity 2 4 4 100 % 100 % kappa undefined" in site.get("/labels").text
    judge(site, site.get("/labels/next", task="tag", rater="eve"), "tag", relevance="yes")
    assert "tag relevance 3 4 4 44 % 75 % alpha" in site.get("/labels").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": "something else"}, "The release has changed since this page was made"),
        ({"place": "100000"}, "The release has changed since this page was made"),
        ({"relevance": "maybe"}, "Judge relevance: no, yes"),
        ({"relevance": ""}, "Judge relevance: no, yes"),
        ({"task": "soup"}, "This form is not one of ours: task"),
        ({"place": "first"}, "This form is not one of ours: place"),
        ({"rater": " "}, "This form is not one of ours: rater"),
    ],
)
def test_a_form_that_does_not_fit_keeps_nothing(still: Site, changed: dict[str, str], said: str) -> None:
    page = still.get("/labels/next", task="tag", rater="ann")
    kept = {name: hidden(page, name) for name in ("task", "rater", "after", "place", "text")}
    answer = still.send("/labels", **(kept | best("tag") | changed))
    assert answer.status == 422
    assert said in answer.text
    assert still.holder.store.labels() == []


def test_labels_work_without_scripts(site: Site) -> None:
    page = site.get("/labels/next", task="tag", rater="ann b")
    kept = {name: hidden(page, name) for name in ("task", "rater", "after", "place", "text")}
    answer = site.post("/labels", **kept, **best("tag"))
    assert (answer.status, answer.headers["location"]) == (303, "/explorer/labels/next?task=tag&rater=ann+b&after=0")


def test_nothing_of_an_erased_user_is_judged(site: Site) -> None:
    first, *_ = subjects(site.workspace, "r0002", "interest")
    assert first.user_id is not None
    site.holder.store.erase(first.user_id)
    page = site.get("/labels/next", task="interest", rater="ann")
    assert hidden(page, "place") != "1"
    assert f"user?id={first.user_id}" not in page.html


def test_models_take_turns(site: Site) -> None:
    rows = site.workspace.read_release("interests")
    few = pl.col("user_id") == "user000"
    changed = rows.with_columns(model=pl.when(few).then(pl.lit("m")).otherwise("model"))
    ref = site.workspace.write("interests", changed)
    manifest = site.workspace.releases.get("r0002")
    site.workspace.releases.publish(manifest.model_copy(update={"tables": manifest.tables | {"interests": ref}}))
    found = [subject.user_id for subject in subjects(site.workspace, "r0003", "interest")]
    n_few = rows.filter(few).height
    assert sum(user == "user000" for user in found[: 2 * n_few]) == n_few
    assert len(found) == min(POOL, rows.height)


def label(**changed: object) -> Label:
    common = {"task": "tag", "subject": "u", "text": "t", "criterion": "relevance", "verdict": "yes", "rater": "ann"}
    return Label.model_validate(common | {"at": LATER} | changed)


def test_judgements_in_the_table_and_before_it_count_once(site: Site) -> None:
    old, new = label(verdict="no"), label(rater="ben", verdict="perhaps")
    site.workspace.write("labels", LABELS.rows([old.model_dump()]))
    rows = given(site.workspace, [label(), new])
    assert rows.select("rater", "verdict").rows() == [("ann", "yes"), ("ben", "perhaps")]
    found = next(each for each in figures(rows) if (each.task, each.criterion) == ("tag", "relevance"))
    assert (found.unknown, found.found.raters, found.passed) == (1, 1, 1.0)


def test_a_workspace_that_was_never_served_has_no_waiting_judgements(site: Site, tmp_path: Path) -> None:
    site.holder.store.add_labels([label()])
    assert [each.rater for each in waiting_in(site.workspace)] == ["ann"]
    bare = type(site.workspace).create(tmp_path / "bare", "")
    assert list(waiting_in(bare)) == []
    assert not (bare.root / "live").exists()
