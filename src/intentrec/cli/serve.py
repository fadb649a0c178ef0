"""`intentrec serve` and `intentrec keys`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intentrec.cli import show
from intentrec.cli.bars import RichProgress
from intentrec.cli.common import AsJson, err, out, printed, state
from intentrec.config import Config
from intentrec.extras import require
from intentrec.serving.keys import KEYS_FILE, SCOPES, Key, Keys
from intentrec.workspace import Workspace

if TYPE_CHECKING:
    from intentrec.serving.server import Ready

keys_app = typer.Typer(no_args_is_help=True, help="Keys of the API: who may do what. Only their hashes are stored.")
_KeyName = Annotated[str, typer.Argument(help="What you call the key; logs and metrics show it.", metavar="NAME")]


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen.", show_default="serving.host")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="0 takes a free one.", show_default="serving.port")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that answer.", show_default="serving.workers")
    ] = None,
    demo: Annotated[
        Path | None, typer.Option(help="Serve the demo shop: made and run there if need be.", metavar="DIR")
    ] = None,
) -> None:
    """Serve the published release: REST API, explorer, experiments. Newer releases are taken over while it runs.

    Without keys (`intentrec keys add`) it answers only this machine, and everything is allowed.
    """
    for module in ("fastapi", "granian"):
        require(module, "serving")
    from intentrec.serving.server import prepare
    from intentrec.serving.server import serve as run

    given = {"host": host, "port": port, "workers": workers}
    chosen = {name: value for name, value in given.items() if value is not None}
    with RichProgress(err) as progress:
        workspace, config = state.open() if demo is None else _demo(demo, progress)
        serving = config.serving.model_copy(update=chosen)
        ready = prepare(workspace, config.model_copy(update={"serving": serving}), progress=progress)
    _tell(ready)
    run(ready)


@keys_app.command("add")
def keys_add(
    name: _KeyName,
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"One of {', '.join(SCOPES)}; may be given several times.", show_default="read"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it: the only time that it can be seen.

    read: lists, why, interests. write: events, items, edits of interests. erase: erasures. label: judgements.
    admin: all of these, and metrics.
    """
    scopes = scope or ["read"]
    token = _keys().add(name, scopes, _now())
    printed(as_json, {"name": name, "key": token, "scopes": scopes}, lambda: out.print(token, soft_wrap=True))


@keys_app.command("list")
def keys_list(as_json: AsJson = False) -> None:
    """Names and scopes of all keys."""
    rows = [_row(key) for key in _keys().list()]
    printed(as_json, rows, lambda: _print_keys(rows))


@keys_app.command("remove")
def keys_remove(name: _KeyName) -> None:
    """Forget a key. Servers refuse it from the next request on."""
    _keys().remove(name)
    out.print(f"The key {show.plain(name)} is gone.")


def _demo(folder: Path, progress: RichProgress) -> tuple[Workspace, Config]:
    """The demo's workspace with a release; made and run where there is none."""
    from intentrec.pipeline.daily import RunOptions, run_day
    from intentrec.pipeline.demo import open_demo

    shop = open_demo(folder, now=_now, progress=progress)
    if shop.workspace.releases.current() is None:
        run_day(shop.workspace, shop.config, RunOptions(shop.cut, shop.users), now=_now, progress=progress)
    return shop.workspace, shop.config


def _tell(ready: "Ready") -> None:
    url, keys = ready.listening.url, ready.keys
    out.print(
        f"Serving {ready.release} at {url}, explorer at {url}/explorer, specification at {url}/openapi.json.",
        soft_wrap=True,
    )
    if keys:
        out.print(f"{keys} keys (intentrec keys list): every request needs one.")
    else:
        out.print("No keys: everything is allowed, to this machine alone. `intentrec keys add NAME` makes one.")
    out.file.flush()


def _keys() -> Keys:
    workspace, _ = state.open()
    return Keys(workspace.root / KEYS_FILE)


def _row(key: Key) -> dict[str, Any]:
    return {"name": key.name, "scopes": list(key.scopes), "created_at": key.created_at.isoformat(timespec="seconds")}


def _print_keys(rows: list[dict[str, Any]]) -> None:
    shown = [(row["name"], ", ".join(row["scopes"]), row["created_at"]) for row in rows]
    out.print(show.table("Keys", ("name", "scopes", "made"), shown))


def _now() -> datetime:
    return datetime.now(UTC)
