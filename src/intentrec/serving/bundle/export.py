"""From a release to a bundle: written beside the others, made visible by one rename."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intentrec.config import Config, load_config
from intentrec.pipeline.recommender import Recommender
from intentrec.pipeline.steps import fingerprint
from intentrec.progress import SILENT, Progress
from intentrec.serving.bundle.gathering import Gathered
from intentrec.serving.bundle.layout import FORMAT, META
from intentrec.serving.bundle.writing import write_bundle
from intentrec.workspace import Manifest, Workspace
from intentrec.workspace.files import disk_errors, sync_folder

_DRAFT = ".draft-"


def bundle_of(workspace: Workspace, manifest: Manifest) -> Path:
    """Where the bundle of a release is, or will be: `bundles/RELEASE-DIGEST`.

    The digest names all that goes in: an erasure that changes the release's tables changes it, too.
    """
    return _folder(workspace, manifest, load_config(workspace.config_file))


def _folder(workspace: Workspace, manifest: Manifest, config: Config) -> Path:
    parts = {
        "format": FORMAT,
        "content": manifest.content(),
        "inputs": {name: workspace.tables.identity(name, version) for name, version in manifest.inputs.items()},
        "as_of": manifest.as_of.isoformat(),
        "settings": manifest.config,
        "latest": config.serving.latest_events,
    }
    return workspace.root / "bundles" / f"{manifest.release}-{fingerprint(parts)[:16]}"


def export_bundle(workspace: Workspace, manifest: Manifest | None = None, *, progress: Progress = SILENT) -> Path:
    """The bundle of a release, by default the current one: made where it is not there yet.

    Raises:
        NotFoundError: Nothing is published.
        WorkspaceError: The disk is full, or a table or an artefact of the release is gone.
    """
    manifest = manifest or workspace.release()
    config = load_config(workspace.config_file)
    target = _folder(workspace, manifest, config)
    if (target / META).is_file():
        return target
    with disk_errors(target), _alone(target.parent):
        if not (target / META).is_file():
            _write(workspace, manifest, config, target, progress)
    return target


def _write(workspace: Workspace, manifest: Manifest, config: Config, target: Path, progress: Progress) -> None:
    for left in target.parent.glob(f"{_DRAFT}*"):  # of an export that was killed: nobody else writes now
        shutil.rmtree(left, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=target.parent))
    try:
        made = Recommender(workspace, manifest.release)
        gathered = Gathered(made, config.serving.latest_events, progress)
        write_bundle(draft, gathered.content(target.name.rpartition("-")[2]))
        draft.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)  # without a meta.json it is no bundle
        draft.rename(target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One export at a time; the lock dies with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
