"""From a release to a bundle: written beside the others, made visible by one rename."""

from pathlib import Path

from intentrec.progress import SILENT, Progress
from intentrec.workspace import Manifest, Workspace


def bundle_of(workspace: Workspace, manifest: Manifest) -> Path:
    """Where the bundle of a release is, or will be: `bundles/RELEASE-DIGEST`."""
    raise NotImplementedError


def export_bundle(workspace: Workspace, manifest: Manifest | None = None, *, progress: Progress = SILENT) -> Path:
    """The bundle of a release, by default the current one: made where it is not there yet.

    Raises:
        NotFoundError: Nothing is published.
        WorkspaceError: The disk is full, or a table or an artefact of the release is gone.
    """
    raise NotImplementedError
