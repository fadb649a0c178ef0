"""What `from intentrec import ...` offers."""

import subprocess
import sys
from pathlib import Path

import pytest

import intentrec
from shop_world import make_shop, open_shop


def test_every_public_name_is_there_and_sorted() -> None:
    assert intentrec.__all__ == sorted(intentrec.__all__)
    for name in intentrec.__all__:
        assert getattr(intentrec, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = intentrec.nonsense


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'polars', 'openai', 'xllamacpp', 'sentence_transformers', 'implicit'}"
    code = f"import sys, intentrec; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    workspace, _ = open_shop(tmp_path / "shop", make_shop(24))
    report = intentrec.run(workspace)
    assert report.release == "r0001"
    frame = intentrec.Recommender(workspace).recommend(["user000", "user001"], k=3, filter_viewed=True)
    assert frame["user_id"].to_list() == ["user000"] * 3 + ["user001"] * 3
