"""Nothing later than the as-of time reaches a prompt, a table or a tensor: markers are planted in the future."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from intentrec.llm.backends.scripted import ScriptedBackend
from intentrec.pipeline.daily import RunOptions, run_day
from intentrec.progress import SILENT
from intentrec.workspace import Workspace
from shop_world import NOW, START, Shop, open_shop

CUT = START + timedelta(days=80)
MARKERS = ("zebrafish", "quokkamug", "kiwibasket", "user-of-tomorrow", "query-of-tomorrow")


def marked(shop: Shop) -> Shop:
    """The shop with things that appear only after the cut: items, a user, a search, and purchases of all users."""
    new_items = pl.DataFrame(
        [
            {"item_id": "id-zebrafish", "title": "ZEBRAFISH LAMP"},
            {"item_id": "id-quokkamug", "title": "QUOKKAMUG WITH LID"},
            {"item_id": "id-kiwibasket", "title": "KIWIBASKET FOR CAKE STAND"},
        ]
    )
    later = [
        {"user_id": user, "timestamp": CUT + timedelta(days=n % 3), "event": "purchase", "item_id": item}
        for n, user in enumerate([*shop.themes, "user-of-tomorrow"])
        for item in new_items["item_id"]
    ]
    events = pl.concat([shop.events, pl.DataFrame(later, schema=shop.events.schema)])
    searched = pl.DataFrame(
        [{"user_id": "user001", "timestamp": CUT, "event": "search", "query": "query-of-tomorrow"}],
        schema=shop.events.drop("item_id").schema | {"query": pl.String()},
    )
    return Shop(
        items=pl.concat([shop.items, new_items]),
        events=pl.concat([events, searched], how="diagonal"),
        users=pl.concat([shop.users, pl.DataFrame({"user_id": ["user-of-tomorrow"], "country": ["Finland"]})]),
        themes=shop.themes,
    )


def outputs(workspace: Workspace) -> dict[str, bytes]:
    """Bytes of everything the run stored: each table as text, each artefact file as it is."""
    manifest = workspace.release()
    stored = {name: workspace.read_release(name).write_ndjson().encode() for name in manifest.tables}
    for ref in manifest.artefacts.values():
        folder = workspace.artefacts.path(ref)
        files = [file for file in folder.rglob("*") if file.is_file()]
        stored |= {str(file.relative_to(folder)): file.read_bytes() for file in files}
    return stored


def test_nothing_of_the_future_is_in_any_prompt_table_or_tensor(
    tmp_path: Path, shop: Shop, scripted: ScriptedBackend
) -> None:
    options = RunOptions(as_of=CUT, llm_users=frozenset({"user001", "user002", "user003"}))
    parts = {"parts": ["pooled", "sequence", "memory", "fresh"], "sequence": {"width": 8, "layers": 1, "epochs": 1}}
    settings = {"towers": {"user_id_width": 4, **parts}}
    knowing, config = open_shop(tmp_path / "knowing", marked(shop), settings=settings)
    run_day(knowing, config, options, now=lambda: NOW, progress=SILENT)
    prompts = "".join(message.content for request in scripted.asked for message in request.messages).lower()
    assert "tea" in prompts
    assert {"towers.json", "pooled/towers.safetensors", "sequence.safetensors", "memory.safetensors"} <= set(
        outputs(knowing)
    )
    for marker in MARKERS:
        assert marker not in prompts
        assert [name for name, content in outputs(knowing).items() if marker.encode() in content.lower()] == []

    # Stronger: a shop that has never heard of the future gives the same release, tensors included.
    past = Shop(shop.items, shop.events.filter(pl.col("timestamp") < CUT), shop.users, shop.themes)
    ignorant, config = open_shop(tmp_path / "ignorant", past, settings=settings)
    run_day(ignorant, config, options, now=lambda: NOW, progress=SILENT)
    assert ignorant.release().content() == knowing.release().content()


def test_titles_of_items_created_later_stay_out(tmp_path: Path, shop: Shop) -> None:
    items = shop.items.with_columns(created_at=pl.lit(START)).vstack(
        pl.DataFrame({"item_id": ["id-zebrafish"], "title": ["ZEBRAFISH LAMP"], "created_at": [CUT]}).cast(
            {"created_at": pl.Datetime("us", "UTC")}
        )
    )
    dated = Shop(items, shop.events, shop.users, shop.themes)
    workspace, config = open_shop(tmp_path / "shop", dated)
    run_day(workspace, config, RunOptions(as_of=CUT), now=lambda: NOW, progress=SILENT)
    assert "id-zebrafish" not in workspace.read_release("catalogue")["item_id"]
    assert "id-zebrafish" not in workspace.read_release("vectors")["id"]
    run_day(workspace, config, RunOptions(as_of=CUT + timedelta(days=1)), now=lambda: NOW, progress=SILENT)
    assert "id-zebrafish" in workspace.read_release("vectors")["id"]
