"""A user's page: the chain can be read, what is turned re-ranks, what is edited counts at once."""

import shutil
from pathlib import Path

import pytest

from explorer_shop import IMAGE, LATER, QUOTES, STRANGE_USER, Answered, Site
from intentrec.serving.live import LiveEvent
from intentrec.workspace import Workspace

USER = "user000"
EXPERIMENT = """
[serving.experiments.try]
primary = "CTR"
arms = { control = { share = 0.5 }, tags = { share = 0.5, beta = 0.0 } }
"""


def titles(page: Answered) -> list[str]:
    return page.found(r'class="title" href="[^"]*">(.*?)</a>')


def marks(page: Answered) -> list[str]:
    return page.found(r'<span class="unseen">(.*?)</span>')


def interest_of(site: Site, user: str = USER) -> tuple[str, str]:
    """Id and words of the user's first interest."""
    about = site.holder.ranking.about(user)
    assert about is not None
    return about.interests[0]["interest_id"], about.interests[0]["interest"]


def test_the_whole_chain_stands_on_the_page(still: Site) -> None:
    page = still.get("/user", id=USER)
    assert page.status == 200
    about = still.holder.ranking.about(USER)
    assert about is not None
    assert about.profile is not None
    for line in about.profile["lines"]:
        assert " ".join(line["text"].split()) in page.text
    for row in [*about.interests, *about.tags]:
        assert row.get("tag", row.get("interest")) in page.text
    entries = still.client.get(f"/v1/users/{USER}/recommendations?k=10&explain=true").json()["items"]
    assert titles(page) == [entry["title"] for entry in entries]
    for entry in entries:
        assert entry["reason"] in page.text
    assert "24 events" not in page.text  # the number stands in the facts
    assert "events 24" in page.text


def test_an_interest_marks_the_lines_and_events_it_rests_on(still: Site) -> None:
    interest, words = interest_of(still)
    row = still.holder.ranking.about(USER).interests[0]  # type: ignore[union-attr]
    assert not still.get("/user", id=USER).found(r'<li class="lit">')
    for page in (
        still.get("/user", id=USER, interest=interest),
        still.part("/user/evidence", id=USER, interest=interest),
    ):
        events = [hit for hit in page.found(r'<li class="lit">(.*?)</li>') if "<a" in hit]
        assert len(events) == len(row["evidence"])
        assert f"{len(row['evidence'])} events that “{words}” rests on" in page.text
        assert page.found(r'aria-current="true">(.*?)</a>') == [words]
    assert "interest=" in page.headers["hx-replace-url"]
    again = page.found(r'aria-current="true"')
    assert again
    assert "interest=" not in page.found(rf'id="choose-{interest}" href="([^"]*)"')[0]


def test_a_turned_beta_ranks_anew_and_says_what_changed(still: Site) -> None:
    rest = still.get("/user", id=USER)
    turned = still.part("/user/list", id=USER, beta="0.05", diversity="0.45", k=10, category="", interest="")
    assert titles(turned) != titles(rest)
    gone = turned.found(r"<li><s>(.*?)</s></li>")
    assert set(titles(rest)) - set(titles(turned)) == set(gone)
    assert len(marks(turned)) == sum(a != b for a, b in zip(titles(rest), titles(turned), strict=True))
    assert "Against the list as it is served:" in turned.text
    assert turned.headers["hx-replace-url"] == f"/explorer/user?id={USER}&beta=0.05&diversity=0.45"
    assert titles(still.get("/user", id=USER, beta="0.05")) == titles(turned)


def test_a_beta_at_rest_is_the_stored_list(still: Site) -> None:
    page = still.part("/user/list", id=USER, beta="0.50", diversity="0.45")
    assert "as the run stored it" in page.text
    assert marks(page) == []


def test_length_category_and_what_was_had_can_be_chosen(still: Site) -> None:
    assert len(titles(still.part("/user/list", id=USER, k=3))) == 3
    category = still.holder.ranking.bundle.meta.categories[0]
    page = still.part("/user/list", id=USER, category=category)
    assert titles(page)
    assert set(page.found(r'</a>\s*<span class="quiet small">(.*?)</span>')) == {category}
    with_had = still.part("/user/list", id=USER, viewed="true", k=60)
    assert QUOTES in titles(with_had)
    assert QUOTES not in titles(still.part("/user/list", id=USER, k=60))


def test_scores_can_be_read_as_sums(still: Site) -> None:
    sums = still.get("/user", id=USER).found(r'class="sum">(.*?)</span>')
    entries = still.client.get(f"/v1/users/{USER}/recommendations?k=10&explain=true").json()["items"]
    for text, entry in zip(sums, entries, strict=True):
        whole, _, parts = text.partition(" = ")
        numbers = [float(part) for part in parts.replace("− ", "-").replace("+ ", "").split() if part[-1].isdigit()]
        assert float(whole) == pytest.approx(entry["score"], abs=0.0006)
        assert sum(numbers) == pytest.approx(float(whole), abs=0.0021)


def test_a_removed_interest_takes_its_tags_and_rows_with_it_and_can_be_put_back(site: Site) -> None:
    interest, words = interest_of(site)
    before = site.get("/user", id=USER)
    tags = [tag["tag"] for tag in site.holder.ranking.about(USER).tags if tag["interest_id"] == interest]  # type: ignore[union-attr]
    page = site.send("/user/interests", id=USER, action="remove", interest_id=interest)
    assert page.status == 200
    assert f"Removed “{words}”." in page.text
    assert f'id="choose-{interest}"' not in page.html
    wanted = page.html[page.html.index('id="wanted"') : page.html.index('id="done"')]
    for tag in tags:
        assert f">{tag}</li>" not in wanted
    assert f'<span class="quiet">of</span> {words}</p>' not in page.html
    assert "put back" in page.text.lower()
    back = site.send("/user/interests", id=USER, action="restore", interest_id=interest)
    assert f"“{words}” stands again as it was written." in back.text
    assert titles(back) == titles(before)


def test_a_reworded_interest_has_one_tag_of_its_own_words(site: Site) -> None:
    interest, words = interest_of(site)
    page = site.send("/user/interests", id=USER, action="reword", interest_id=interest, text="  snow   globe ")
    assert f"“{words}” is now “snow globe”." in page.text
    assert "reworded by hand" in page.text
    assert page.found(r'aria-label="Tags of snow globe">\s*(.*?)\s*</ul>')[0].count("<li") == 1
    assert site.holder.store.data_version()
    (edit,) = site.holder.ranking.live.edits(USER)
    assert (edit.text, edit.at) == ("snow globe", LATER)


def test_an_added_interest_brings_items_and_is_escaped(site: Site) -> None:
    words = "<b>snow globe</b>"
    page = site.send("/user/interests", id=USER, action="add", text=words)
    assert f"Added “{words}”." in page.text
    assert "<b>" not in page.html
    assert "added by hand" in page.text


def test_edits_work_without_scripts(site: Site) -> None:
    interest, _ = interest_of(site)
    answer = site.post("/user/interests", id=USER, action="remove", interest_id=interest, k=5)
    assert (answer.status, answer.headers["location"]) == (303, f"/explorer/user?id={USER}&k=5")
    assert f'id="choose-{interest}"' not in site.get("/user", id=USER).html


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"action": "reword"}, "to reword an interest takes its interest_id"),
        ({"action": "add", "text": " "}, "text is needed"),
        ({"action": "burn"}, "action: input should be"),
    ],
)
def test_an_edit_that_is_not_complete_is_refused_with_a_sentence(still: Site, form: dict[str, str], said: str) -> None:
    page = still.send("/user/interests", id=USER, **form)
    assert (page.status, page.headers["hx-retarget"]) == (422, "#problem")
    assert said in page.text
    assert list(still.holder.ranking.live.edits(USER)) == []


def test_events_that_came_in_stand_first_and_change_the_list(site: Site) -> None:
    before = titles(site.get("/user", id=USER))
    item = site.holder.ranking.item("baking-0-0")
    assert item is not None
    event = LiveEvent(event_id="1", user_id=USER, timestamp=LATER, event="purchase", item_id="baking-0-0")
    site.holder.store.add_events([event])
    page = site.get("/user", id=USER)
    first = page.found(r'<ol class="occasions">\s*<li>(.*?)</li>')[0]
    assert item["title"] in first
    assert "since the release" in first
    assert "since the release 1" in page.text
    assert titles(page) != before


def test_a_user_who_did_nothing_is_told_so(still: Site) -> None:
    page = still.get("/user", id=STRANGE_USER)
    assert page.status == 200
    for words in ("Nothing is known of what this user did", "There is no profile", "No interest is written down"):
        assert words in page.text
    assert "<i>" not in page.html
    assert titles(page)


@pytest.mark.parametrize("path", ["/user", "/user/list", "/user/evidence", "/why"])
def test_nobody_has_no_page(still: Site, path: str) -> None:
    page = still.get(path, id="<ghost>", user="<ghost>", item="tea-0-1")
    assert page.status == 404
    assert "There is no user '<ghost>' in release r0002" in page.text
    assert "<ghost>" not in page.html


@pytest.mark.parametrize(
    "query", [{"k": "0"}, {"k": "x"}, {"beta": "2"}, {"beta": "nan"}, {"diversity": "-1"}, {"id": ""}]
)
def test_what_makes_no_sense_is_not_understood(still: Site, query: dict[str, str]) -> None:
    assert still.get("/user", **({"id": USER} | query)).status == 422


def test_every_title_is_inert(still: Site) -> None:
    page = still.get("/user", id=USER, viewed="true", k=72, events="all")
    assert IMAGE in titles(page)
    assert QUOTES in titles(page)
    tags = page.tags
    assert not [tag for tag, _ in tags if tag == "img"]
    assert len([tag for tag, _ in tags if tag == "script"]) == 2
    assert not [attributes for _, attributes in tags if "onmouseover" in attributes]


def test_an_arm_is_told_and_does_not_count_as_shown(shop: Workspace, tmp_path: Path) -> None:
    shutil.copytree(shop.root, tmp_path / "shop")
    settings = tmp_path / "shop" / "intentrec.toml"
    settings.write_text(settings.read_text("utf-8") + EXPERIMENT, "utf-8")
    site = Site(tmp_path / "shop")
    page = site.get("/user", id=USER)
    assert "experiment try: " in page.text
    assert "Arms of experiments do not count here" in page.text
    assert site.holder.store.exposures() == []
    site.close()
