"""What is looked at before a bundle is trusted, and the parts that not every bundle has."""

from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import sparse

from intentrec.errors import WorkspaceError
from intentrec.retrieval.blend import Blend
from intentrec.retrieval.memory import PARTS, Memory, MemoryConfig, Remembered
from intentrec.serving.bundle.layout import FORMAT, META, Meta
from intentrec.serving.bundle.ragged import mapped


def read_meta(folder: Path) -> Meta:
    """What a bundle says of itself, its files being as long as it says.

    Raises:
        WorkspaceError: There is no bundle, it is damaged, or another version of intentrec wrote it.
    """
    try:
        value = orjson.loads((folder / META).read_bytes())
        if isinstance(value, dict) and value.get("format") != FORMAT:
            raise WorkspaceError(
                f"The bundle {folder} has format {value.get('format')!r}, and this version reads {FORMAT}. "
                "Make it again with `intentrec bundle`."
            )
        meta = Meta.model_validate(value)
    except FileNotFoundError:
        raise WorkspaceError(f"There is no bundle in {folder}. Make it with `intentrec bundle`.") from None
    except (OSError, ValueError, ValidationError) as error:
        raise WorkspaceError(f"The bundle {folder} is damaged: {error}. Delete it; it is made again.") from error
    for name, size in meta.files.items():
        file = folder / name
        found = file.stat().st_size if file.is_file() else None
        if found != size:
            said = "is missing" if found is None else f"has {found} bytes instead of {size}"
            raise WorkspaceError(f"The bundle {folder} is damaged: {name} {said}. Delete it; it is made again.")
    return meta


def remembered_in(folder: Path, meta: Meta, ids: NDArray[np.str_]) -> Remembered | None:
    """Tables of pairs, mapped; None where the towers have no such part."""
    if meta.memory is None:
        return None
    tables = {}
    for name in PARTS[1:]:
        values, items, starts = (mapped(folder, f"memory.{name}.{part}") for part in ("values", "items", "starts"))
        tables[name] = sparse.csr_array((values, items, starts), shape=(len(ids), len(ids)))
    memory = Memory(ids, tables, MemoryConfig.model_validate(meta.memory["config"]))
    return Remembered(memory, Blend.of_json(meta.memory["blend"]), tuple(meta.memory["kinds"]))
