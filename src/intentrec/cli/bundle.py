"""`intentrec bundle`: what the server reads."""

import time

from intentrec.cli.bars import RichProgress
from intentrec.cli.common import AsJson, err, out, printed, state


def bundle(as_json: AsJson = False) -> None:
    """Write the current release as a bundle: the files that `intentrec serve` maps into memory.

    The server does this itself for a new release; a bundle that is there already is left alone.
    """
    from intentrec.serving.bundle import export_bundle

    workspace, _ = state.open()
    started = time.perf_counter()
    with RichProgress(err) as progress:
        folder = export_bundle(workspace, progress=progress)
    seconds = time.perf_counter() - started
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    data = {"bundle": str(folder), "bytes": size, "seconds": round(seconds, 3)}
    printed(as_json, data, lambda: out.print(f"{folder}: {size / 2**20:.1f} MiB, ready in {seconds:.1f} s."))
