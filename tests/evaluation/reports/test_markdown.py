from intentrec.evaluation.reports import Figure, Part, Report, Table, to_markdown
from intentrec.evaluation.reports.marks import Mark
from intentrec.evaluation.reports.parts import EMPTY, number, words

TABLE = Table(
    "Caption", ["system", "recall@10"],
    [
        [words("a|b"), number(0.5, 2, interval=(0.4, 0.6), best=True)],
        [words("<i>_c_"), number(0.25, 2, mark=Mark(above=False, both=True))],
        [words("d"), EMPTY],
    ],
)  # fmt: skip


def small(*content):
    return Report("Title", "a|b", [("Command", "run `x` | y"), ("Seeds", "0")], [("machine", "m")], ["A note."],
                  [Part("Part", ["Words."], content)])  # fmt: skip


def test_a_small_report_reads_as_it_should(golden):
    figure = Figure("Figure", "How to read it.", dict, TABLE)
    assert to_markdown(small(TABLE, Part("Inner", [], [figure]))) == (golden / "report.md").read_text("utf-8")


def test_a_comparison_has_every_section_and_every_caption(found):
    text = found.to_markdown()
    for title in ("Systems", "Recall against diversity", "Popularity: recall and exposure", "Strata",
                  "Exclusive recall of each channel", "Tags", "Cost", "Spread over seeds", "Tuning"):  # fmt: skip
        assert f"\n## {title}\n" in text
    tables = text.count("\n| --- |")
    source = "Command: `intentrec evaluate --html 'a b.html'` · Seeds: 0 · Data: events 3 · Split: time, cut at"
    assert text.count(source) == tables + 1
    assert "- machine: 2 cores" in text
    assert "<script" not in text


def test_every_line_of_a_table_has_as_many_cells_as_its_head(found):
    width = 0
    for line in found.to_markdown().splitlines():
        cells = line.replace("\\|", "").count("|")
        if not line.startswith("| "):
            width = 0
            continue
        width = width or cells
        assert cells == width, line
