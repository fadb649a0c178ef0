"""The page in a real browser, without a network."""

import re

MEASURE = """<script>
new MutationObserver(() => {
  document.documentElement.dataset.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  document.documentElement.dataset.seen = window.innerWidth;
}).observe(document.documentElement, { attributeFilter: ["data-drawn"] });
</script>"""


def test_every_plot_is_drawn_and_nothing_foreign_runs(page, browse):
    dom = browse(page, "--window-size=1200,900", "--dump-dom")
    assert re.search(r'<html[^>]* data-drawn="(\d+)"', dom)[1] == str(page.count('class="plot"'))
    plots = re.findall(r'<div class="plot[^"]*".*?</svg>', dom, re.DOTALL)
    assert len(plots) == page.count('class="plot"')
    assert all("mark-symbol" in plot for plot in plots)
    assert "data-ran" not in dom


def test_the_page_is_no_wider_than_a_phone(page, browse):
    measured = re.sub(r"<meta http-equiv[^>]*>", "", page).replace("<head>", f"<head>{MEASURE}")
    dom = browse(measured, "--window-size=390,844", "--dump-dom")
    root = re.search(r"<html[^>]*>", dom)[0]
    assert 'data-wide="0"' in root, root
