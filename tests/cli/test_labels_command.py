"""`intentrec labels agreement`."""

import json
from datetime import UTC, datetime
from pathlib import Path

from intentrec.config import template
from intentrec.serving.keys import LIVE_FOLDER
from intentrec.serving.live import Label, LiveStore
from intentrec.tables import LABELS
from intentrec.workspace import Workspace

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def label(subject: str, rater: str, verdict: str) -> Label:
    return Label(task="tag", subject=subject, text="t", criterion="relevance", verdict=verdict, rater=rater, at=NOW)  # type: ignore[call-arg]


def test_agreement_of_stored_and_waiting_judgements(cli, tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "shop", template())
    stored = [label("a", "ann", "yes"), label("b", "ann", "no")]
    workspace.write("labels", LABELS.rows(each.model_dump() for each in stored))
    store = LiveStore.open(workspace.root / LIVE_FOLDER)
    store.add_labels([label("a", "ben", "yes"), label("b", "ben", "no"), label("c", "ben", "perhaps")])
    store.close()
    code, out, _ = cli("-w", workspace.root, "labels", "agreement", "--json")
    assert code == 0
    found = next(row for row in json.loads(out) if (row["task"], row["criterion"]) == ("tag", "relevance"))
    assert found["found"] == {
        "raters": 2, "subjects": 2, "shared": 2, "observed": 1.0, "statistic": "kappa", "value": 1.0,
    }  # fmt: skip
    code, out, _ = cli("-w", workspace.root, "labels", "agreement")
    assert code == 0
    assert "kappa" in out
    assert "1 judgements have verdicts that their criterion does not know" in out
