from datetime import UTC, datetime

import polars as pl

from benchmarks.alignment.pipelines import lines_of
from benchmarks.alignment.tagging import Tagged
from intentrec.pipeline.align_measure import Later

AT = datetime(2024, 1, 1, tzinfo=UTC)


def test_each_variant_is_held_against_what_was_bought():
    targets = pl.DataFrame({"user_id": ["ann", "ann"], "item_id": ["cup", "pot"], "timestamp": [AT, AT]})
    catalogue = pl.DataFrame({"item_id": ["cup", "pot"], "category": ["cups", "pots"]})
    one, both = (
        pl.DataFrame({"user_id": ["ann"] * len(led), "rank": range(1, len(led) + 1), "category": led})
        for led in (["cups"], ["cups", "pots"])
    )
    found = [Tagged("rules", "as written", 1, 1, one), Tagged("rules", "gated and filled", 1, 1, both)]
    lines = {
        (line.writer, line.figure): line.value for line in lines_of("s", found, ["ann"], Later(targets, catalogue, 30))
    }
    assert lines["rules, as written", "HR@30"] == 0.5
    assert lines["rules, gated and filled", "HR@30"] == 1.0
    assert lines["rules, gated and filled", "later purchases hit, 30 tags"] == 1.0
