import base64
import hashlib
import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import polars as pl
import pytest

from intentrec.errors import ConfigError, MissingExtra
from intentrec.evaluation.frames import EVERYONE
from intentrec.evaluation.reports import Figure, Part, Report, report_of, to_html
from intentrec.evaluation.reports import page as pages
from intentrec.evaluation.reports.parts import Table, number, words

MINE, EASE = "mine", "ease"
VOID = {"meta", "link", "img", "br"}
LOADING = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}


class Reader(HTMLParser):
    """Elements with their attributes, tables with the exact numbers in their cells, scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.tables, self.scripts, self.open = [], {}, [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.caption, self.rows = "", []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append({"text": "", "value": None, "class": dict(attrs).get("class")})
        elif tag == "data":
            self.rows[-1][-1]["value"] = float(dict(attrs)["value"])
        elif tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"unbalanced {tag}"
        if tag == "table":
            assert self.caption not in self.tables, f"two tables are called {self.caption}"
            self.tables[self.caption] = self.rows

    def handle_data(self, text):
        if "caption" in self.open:
            self.caption += text
        elif self.open[-1:] == ["script"]:
            attrs, so_far = self.scripts.pop()
            self.scripts.append((attrs, so_far + text))
        elif {"td", "th"} & set(self.open):
            self.rows[-1][-1]["text"] += text

    def of(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def read(page):
    return Reader(page)


def test_nothing_is_loaded_from_anywhere(read):
    for tag, attrs in read.elements:
        for name in LOADING & attrs.keys():
            assert attrs[name].startswith(("#", "data:")), f"<{tag} {name}={attrs[name]}>"
    assert not re.search(r"@import|url\(", pages._own("page.css"))
    for attrs, text in read.scripts:
        if attrs.get("type") == "application/json":
            assert "http" not in text


def test_only_the_two_own_scripts_may_run_and_nothing_may_connect(read):
    policy = next(attrs["content"] for attrs in read.of("meta") if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    running = [text for attrs, text in read.scripts if "type" not in attrs]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in running]
    assert re.findall(r"'sha256-([^']+)'", policy) == hashes
    assert len(hashes) == 2
    assert "connect-src" not in policy
    assert "unsafe-eval" not in policy


def test_names_are_text(read, page, found):
    assert "<script>document" not in page
    assert read.of("img") == []
    assert "2 of 40 users are &lt;new&gt;." in page
    firsts = {row[0]["text"] for row in read.tables["Systems, view “all”"][1:]}
    assert set(found.systems) <= firsts


@pytest.mark.parametrize("view", ["all", "new"])
def test_numbers_of_systems_are_those_of_the_frame(found, read, view):
    everyone = found.summary.filter(pl.col("stratum") == EVERYONE, pl.col("view") == view)
    expected = {(row["system"], row["metric"]): row for row in everyone.iter_rows(named=True)}
    head, *rows = read.tables[f"All metrics, view “{view}”"]
    shown = {(name["text"], row[0]["text"]): cell for row in rows for name, cell in zip(head[1:], row[1:], strict=True)}
    assert {key: cell["value"] for key, cell in shown.items()} == {key: row["value"] for key, row in expected.items()}
    for key, cell in shown.items():
        row = expected[key]
        ends = "" if row["low"] is None else f"[{row['low']:.4f}, {row['high']:.4f}]"
        assert cell["text"].startswith(f"{row['value']:.4f}")
        assert cell["text"].endswith(ends)


def test_numbers_of_every_other_table_are_those_of_their_frame(found, read):
    def values(caption):
        return [cell["value"] for row in read.tables[caption][1:] for cell in row if cell["value"] is not None]

    def known(frame):
        return [value for row in frame.iter_rows() for value in row if value is not None]

    sweep = found.sweep.select("setting", "recall", "ndcg", "category_diversity", "diversity")
    assert values("Cost of each system") == known(found.costs.drop("system"))
    assert values("Hit rate of tags") == known(found.tag_hits.select("n", "hit_rate", "counted"))
    assert values("Spread over seeds, view “all”") == known(found.spread.drop("system", "view", "metric"))
    assert values("All trials") == known(found.tuning.select("trial", "recall"))
    assert values("Recall against diversity, view “new”")[-len(known(sweep)) :] == known(sweep)
    alone = found.exclusive.select("recall", "exclusive")
    assert values("Recall and exclusive recall, view “all”") == known(alone)
    by_group = found.exposure.sort("group", maintain_order=True)
    tenths = [(row["group"], row["recall"]) for row in by_group.iter_rows(named=True)]
    shown = values("Recall by tenth of items, view “all”")
    assert shown == [value for _, value in tenths if value is not None]
    of_tail = found.summary.filter(stratum="items: tail", view="all", metric="recall@100")["value"].to_list()
    table = read.tables["recall@100 by popularity of the item, view “all”"]
    assert [row[-1]["value"] for row in table[1:]] == of_tail


def test_marks_are_said_in_words_too(read, found):
    rows = {row[0]["text"]: row for row in read.tables["Systems, view “all”"]}
    column = [cell["text"] for cell in rows["system"]].index("recall@100")
    assert "▼significantly below “mine” by both tests" in rows[EASE][column]["text"]
    assert "△significantly above “mine” by one test" in rows[found.systems[2]][column]["text"]
    assert not set("▲▼△▽") & set(rows[MINE][column]["text"])
    assert "▲" in read.tables["recall@100 by activity, view “all”"][2][2]["text"]


def test_every_plot_has_words_a_table_and_its_source(read, page):
    plots = [attrs for attrs in read.of("div") if attrs.get("class") == "plot"]
    assert len(plots) == len(read.of("figure")) == page.count("<summary>Numbers of this figure")
    assert len(plots) >= 10
    ids = {attrs["id"] for _, attrs in read.elements if "id" in attrs}
    for attrs in plots:
        assert attrs["role"] == "img"
        assert len(attrs["aria-label"]) > 40
        assert attrs["data-spec"] in ids
    assert {attrs["aria-labelledby"] for attrs in read.of("figure")} <= ids
    for caption in re.findall(r"<figcaption>(.*?)</figcaption>", page, re.DOTALL):
        for said in ("Command:", "Seeds:</b> 0", "Data:</b> events 3", "Split:</b> time, cut at 2024-05-01",
                     "Package:</b> x 1.0"):  # fmt: skip
            assert said in caption


def test_tables_can_be_scrolled_with_the_keyboard_and_headed(read):
    regions = [attrs for attrs in read.of("div") if attrs.get("class") == "wide"]
    assert len(regions) == len(read.of("table")) == len(read.of("caption"))
    assert all(attrs["tabindex"] == "0" and attrs["role"] == "region" for attrs in regions)
    assert {attrs.get("scope") for attrs in read.of("th")} == {"row", "col"}
    ids = [attrs["id"] for _, attrs in read.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_data_cannot_end_the_element_it_stands_in(read, found):
    specs = [json.loads(text) for attrs, text in read.scripts if attrs.get("type") == "application/json"]
    assert any(found.systems[2] in str(spec) for spec in specs)


def test_a_small_page_is_as_reviewed(golden):
    table = Table("Caption", ["system", "recall@10"], [[words("a&b"), number(0.5, 2, interval=(0.4, 0.6), best=True)]])
    figure = Figure("Figure", "How to read it.", lambda: {"mark": "</script>"}, table)
    report = Report(
        "Title", "a&b", [("Command", "run"), ("Seeds", "0")], [], ["Note."], [Part("Part", ["W."], [figure])]
    )
    text = re.sub(r"(<style>|<script>).*?(</style>|</script>)", r"\1\2", to_html(report), flags=re.DOTALL)
    assert re.sub(r"sha256-[^']+", "sha256-", text) == (golden / "report.html").read_text("utf-8")


def test_a_reference_that_is_nobody_is_refused(found):
    with pytest.raises(ConfigError, match="no system 'nobody'; the comparison has mine, ease"):
        report_of(found, reference="nobody")


def test_marks_stand_against_the_reference_that_was_asked_for(found):
    report = report_of(found, reference=EASE)
    table = report.parts[0].content[0].content[0]
    marked = {row[0].text: [cell.mark.words(EASE) for cell in row if cell.mark] for row in table.rows}
    assert marked == {MINE: ["significantly above “ease” by both tests"], EASE: [], found.systems[2]: []}


def test_a_comparison_of_nobody_says_so(found):
    assert "Nobody was compared" in replace(found, summary=found.summary.head(0)).to_html()


def test_what_a_page_needs_is_named_when_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"vl_convert.*intentrec\[evaluation\]"):
        pages.ready_for_html()
