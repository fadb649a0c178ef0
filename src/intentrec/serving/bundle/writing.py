"""A bundle's files, written once and never changed."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from intentrec.retrieval import save_index
from intentrec.retrieval.memory import Remembered
from intentrec.serving.bundle.content import Content, History, Items, Placed, Users
from intentrec.serving.bundle.layout import INDEX, META, TOWERS, Meta, pair_key
from intentrec.serving.bundle.ragged import Ragged, save_arrays, save_rows, strings
from intentrec.serving.bundle.sketch import fit_sketch
from intentrec.workspace.files import write_atomic

_SMALL = 2**31 - 1


def write_bundle(folder: Path, content: Content) -> None:
    """Write a bundle into an empty folder; `meta.json` comes last, after everything else is on the disk.

    Rows that come as iterables are written as they come. Raises whatever the operating system says about the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_items(folder, content.items)
    _write_users(folder, content.users)
    _write_history(folder, content.history)
    _write_placed(folder, content.placed, len(content.items.ids))
    rows, scores = content.popular
    save_arrays(folder, {"popular.items": rows.astype(np.int32), "popular.scores": scores.astype(np.float64)})
    save_arrays(folder, {"tags.names": content.tag_names, "tags.vectors": content.tag_vectors.astype(np.float32)})
    _write_explanations(folder, content.explanations)
    if content.remembered is not None:
        _write_memory(folder, content.remembered)
    if content.towers is not None:
        _link(content.towers, folder / TOWERS)
    meta = _meta(content, _sizes(folder))
    for file in [*folder.rglob("*"), folder]:
        _sync(file)
    write_atomic(folder / META, meta.model_dump_json(indent=1).encode())


def _write_items(folder: Path, items: Items) -> None:
    save_arrays(
        folder,
        {
            "items.ids": items.ids,
            "items.vectors": items.vectors,
            "items.lengths": np.linalg.norm(items.vectors, axis=1).astype(np.float32),
            "items.categories": items.categories.astype(np.int32),
            "items.brands": items.brands.astype(np.int32),
            "items.prices": items.prices.astype(np.float64),
            "brands": items.brand_names,
        },
    )
    save_rows(folder, "items.heads", items.heads)
    save_rows(folder, "items.more", items.more)
    if items.text is not None:
        axes, sketch = fit_sketch(items.text)
        save_arrays(folder, {"items.text": items.text, "sketch.axes": axes, "sketch.items": sketch})
    if items.engine is not None:
        save_index(items.engine, folder / INDEX)


def _write_users(folder: Path, users: Users) -> None:
    save_arrays(
        folder,
        {
            "users.ids": users.ids,
            "users.vectors": users.vectors,
            "users.events": users.n_events.astype(np.int64),
            "others.ids": strings(sorted(users.others)),
            "seen.chosen": users.chosen,
        },
    )
    Ragged(users.seen.starts.astype(np.int64), users.seen.values.astype(np.int32)).save(folder, "seen")
    save_rows(folder, "users.lists", users.lists)
    save_rows(folder, "users.about", users.about)
    save_rows(folder, "others.about", (users.others[name] for name in sorted(users.others)))


def _write_history(folder: Path, history: History) -> None:
    save_arrays(
        folder,
        {
            "history.starts": history.starts.astype(np.int64),
            "history.row": history.row.astype(np.int64),
            "history.time": history.time.astype(np.int64),
            "history.event": history.event.astype(np.int16),
            "history.item": history.item.astype(np.int32),
            "history.weight": history.weight.astype(np.float64),
            "history.value": history.value.astype(np.float64),
        },
    )
    save_rows(folder, "history.words", history.words)


def _write_placed(folder: Path, placed: Placed, n_items: int) -> None:
    order = np.lexsort((placed.user, placed.rank, placed.item))
    group = placed.item[order].astype(np.int64)
    Ragged.grouped(group, placed.user[order].astype(np.uint32), n_items).save(folder, "placed")
    ranks, tags = placed.rank[order].astype(np.uint16), placed.tag[order].astype(np.int32)
    save_arrays(folder, {"placed.ranks": ranks, "placed.tags": tags})


def _write_explanations(folder: Path, explanations: Iterable[tuple[str, str, str]]) -> None:
    """By key, so that one is found by halving; half of the key leads there and the other half is compared."""
    held = sorted((pair_key(interest, item), text) for interest, item, text in explanations)
    keys = np.frombuffer(b"".join(key for key, _ in held), dtype=">u8").reshape(-1, 2).astype(np.uint64)
    save_arrays(folder, {"explanations.keys": keys[:, 0], "explanations.checks": keys[:, 1]})
    save_rows(folder, "explanations", (text.encode() for _, text in held))


def _write_memory(folder: Path, remembered: Remembered) -> None:
    for name, table in remembered.memory.tables.items():
        save_arrays(folder, {f"memory.{name}.{part}": array for part, array in _parts(table).items()})


def _parts(table: sparse.csr_array) -> dict[str, NDArray[Any]]:
    """In integers of one size: scipy copies what is of two."""
    kind = np.int32 if max(len(table.data), *table.shape) <= _SMALL else np.int64
    starts, items = table.indptr.astype(kind), table.indices.astype(kind)
    return {"starts": starts, "items": items, "values": table.data.astype(np.float32)}


def _meta(content: Content, files: dict[str, int]) -> Meta:
    items, remembered = content.items, content.remembered
    memory = None
    if remembered is not None:
        memory = {
            "config": remembered.memory.config.model_dump(mode="json"),
            "blend": asdict(remembered.blend),
            "kinds": list(remembered.kinds),
        }
    return Meta(
        release=content.release,
        digest=content.digest,
        as_of=content.as_of,
        created_at=content.created_at,
        n_items=len(items.ids),
        n_users=len(content.users.ids),
        n_events=int(content.users.n_events.sum()),
        last_row=content.last_row,
        inputs=content.inputs,
        width=items.vectors.shape[1],
        towers_width=content.towers_width or items.vectors.shape[1],
        text_width=0 if items.text is None else items.text.shape[1],
        stored_k=content.stored_k,
        beta=asdict(content.beta),
        tag_scale=content.tag_scale,
        config=content.config,
        kinds=content.history.kinds,
        categories=items.category_names,
        memory=memory,
        facts=content.facts,
        report=content.report,
        files=files,
    )


def _link(source: Path, target: Path) -> None:
    """The same files in another place, copied where the disk has no links; without the memory, which lies mapped."""

    def one(file: str, place: str) -> None:
        try:
            os.link(file, place)
        except OSError:
            shutil.copyfile(file, place)

    shutil.copytree(source, target, copy_function=one, ignore=shutil.ignore_patterns("memory.safetensors"))


def _sizes(folder: Path) -> dict[str, int]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.stat().st_size for file in files}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
