"""`intentrec bundle`: the release as the server maps it."""

import json
from collections.abc import Callable
from pathlib import Path

from intentrec.serving.bundle import Bundle
from served_world import released
from shop_world import SMALL, make_shop, open_shop

Cli = Callable[..., tuple[int, str, str]]


def test_the_bundle_is_made_once_and_named(cli: Cli, tmp_path: Path) -> None:
    workspace, _ = released(tmp_path, make_shop(12), SMALL)
    code, out, _ = cli("-w", workspace.root, "bundle", "--json")
    assert code == 0
    told = json.loads(out)
    assert Bundle.open(Path(told["bundle"])).meta.release == "r0001"
    assert told["bytes"] == sum(file.stat().st_size for file in Path(told["bundle"]).rglob("*") if file.is_file())
    code, out, _ = cli("-w", workspace.root, "bundle")
    assert code == 0
    assert f"{told['bundle']}: " in out
    assert "MiB, ready in" in out


def test_before_the_first_release_there_is_nothing_to_bundle(cli: Cli, tmp_path: Path) -> None:
    workspace, _ = open_shop(tmp_path / "shop", make_shop(4))
    code, _, err = cli("-w", workspace.root, "bundle")
    assert code == 8
    assert "Nothing is published" in " ".join(err.split())
