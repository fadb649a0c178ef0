"""Releases: which there are, how one was made, and how good it is."""

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from intentrec.serving.api.auth import needs
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.quality import quality
from intentrec.serving.explorer.route import page_router
from intentrec.workspace import Manifest, Workspace

_TOKENS = ("requests", "hits", "calls", "prompt_tokens", "completion_tokens")


def release_routes(explorer: Explorer) -> APIRouter:
    """The pages."""
    router = page_router(needs("read"))
    workspace = explorer.holder.workspace

    @router.get("/releases")
    def releases(request: Request) -> Response:
        published = workspace.releases.list()
        current = workspace.releases.current()
        return explorer.page(
            request,
            "releases",
            releases=published[::-1],
            served=explorer.ranking().bundle.meta.release,
            current="" if current is None else current.release,
        )

    @router.get("/release")
    def release(request: Request, name: Annotated[str, Query(max_length=100)]) -> Response:
        manifest = workspace.releases.get(name)
        return explorer.page(
            request,
            "release",
            manifest=manifest,
            served=explorer.ranking().bundle.meta.release,
            stages=_stages(manifest),
            models=_models(manifest),
            quarantine=_quarantine(workspace),
            rejections=_rejections(workspace, manifest),
            facts=_facts(manifest),
        )

    @router.get("/release/quality")
    def measured(request: Request) -> Response:
        found = quality(workspace)
        whole = not request.headers.get("hx-request")
        return explorer.page(request, "quality" if whole else "_quality", quality=found)

    return router


def _facts(manifest: Manifest) -> list[tuple[str, str]]:
    inputs = ", ".join(f"{name} version {version}" for name, version in sorted(manifest.inputs.items()))
    rows = sum(ref.rows for ref in manifest.tables.values())
    cost = sum(use["usd"] for use in manifest.report.get("models", {}).values())
    return [
        ("as of", f"{manifest.as_of:%Y-%m-%d}"),
        ("published", f"{manifest.created_at:%Y-%m-%d %H:%M}"),
        ("read", inputs or "nothing"),
        ("wrote", f"{rows:,} rows in {len(manifest.tables)} tables"),
        ("cost", f"{cost:.2f} USD"),
    ]


def _stages(manifest: Manifest) -> list[tuple[str, list[tuple[str, int]]]]:
    """What each stage counted, in the order they ran."""
    steps: dict[str, dict[str, int]] = manifest.report.get("steps", {})
    return [(stage, [(_named(name), n) for name, n in counts.items()]) for stage, counts in steps.items() if counts]


def _named(count: str) -> str:
    """`passed:none` counts what passed the gate and which model wrote it, `rejected:repeats` what did not and why."""
    what, _, detail = count.partition(":")
    if what != "passed":
        return count.replace(":", ": ")
    return "passed, by rule" if detail == "none" else f"passed, by {detail}"


def _models(manifest: Manifest) -> list[list[str]]:
    used: dict[str, dict[str, Any]] = manifest.report.get("models", {})
    return [
        [stage, str(use["model"]), *(f"{use[name]:,}" for name in _TOKENS), f"{use['failed']:,}", f"{use['usd']:.2f}"]
        for stage, use in used.items()
    ]


def _quarantine(workspace: Workspace) -> list[tuple[str, str, str]]:
    """What was not let in, of all that was ever ingested."""
    return _counted(workspace.read("quarantine"), "table")


def _rejections(workspace: Workspace, manifest: Manifest) -> list[tuple[str, str, str]]:
    """What a model wrote and the gate refused."""
    return _counted(workspace.read_release("rejections", manifest), "stage")


def _counted(frame: pl.DataFrame, by: str) -> list[tuple[str, str, str]]:
    counts = frame.group_by(by, "reason").len().sort([by, "len", "reason"], descending=[False, True, False])
    return [(where, reason, f"{n:,}") for where, reason, n in counts.iter_rows()]
