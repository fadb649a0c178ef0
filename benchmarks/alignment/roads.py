"""The roads on which one adapter is served: in torch beside its base or merged into it, in llama.cpp, by a server."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.alignment.writers import Writer
from intentrec.llm import Adapter, LLMConfig
from intentrec.llm.adapters import read_card
from intentrec.llm.config import Stage

TORCH, MERGED, LLAMA, SERVER = "adapter in torch", "merged in torch", "adapter in llama.cpp", "adapter on the server"
BARE = "llama.cpp without the adapter"
_ORDER = (TORCH, MERGED, LLAMA, SERVER, BARE)
_MERGED = "merged"  # what `intentrec align --merged` calls it


@dataclass(frozen=True)
class Server:
    """An OpenAI-compatible server that offers the adapter.

    Attributes:
        url: Up to and with `/v1`.
        served: The adapter's name there.
    """

    url: str
    served: str


@contextmanager
def open_roads(stage: Stage, folder: Path, server: Server | None, parts: Sequence[str] = ()) -> Iterator[list[Writer]]:
    """A writer for each road, and one for the base without the adapter, which shows what the adapter changes.

    All decode at temperature 0 and one question at a time, so that no answer depends on what else is in flight.

    Args:
        stage: Which the adapter was aligned for.
        folder: Of the adapter. Where no merged model lies in it, one is made for as long as the roads are open.
        server: Left out where there is none.
        parts: Only roads with one of these in their name; all if there are none.

    Raises:
        ConfigError: The folder holds no adapter, or its base cannot be found.
    """
    folder = folder.resolve()
    base = read_card(folder).base.weights
    adapters = {stage: Adapter(path=str(folder))}
    roads: dict[str, dict[str, Any]] = {
        TORCH: {"backend": "transformers", "weights": base, "adapters": adapters},
        LLAMA: {"backend": "embedded", "weights": base, "adapters": adapters},
        BARE: {"backend": "embedded", "weights": base},
    }
    if server is not None:
        known = {stage: Adapter(path=str(folder), model=server.served)}
        where = {"base_url": server.url, "model": server.served, "concurrency": 1}
        roads[SERVER] = {"backend": "openai", "adapters": known} | where
    with TemporaryDirectory() as temporary:
        if _wished(MERGED, parts):
            merged = _merged(folder, base, Path(temporary))
            roads[MERGED] = {"backend": "transformers", "weights": str(merged)}
        yield [_road(name, roads[name]) for name in _ORDER if name in roads and _wished(name, parts)]


def _wished(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(part in name for part in parts)


def _merged(folder: Path, base: str, home: Path) -> Path:
    from intentrec.alignment.gguf import merge  # torch takes seconds

    kept = folder / _MERGED
    return kept if kept.is_dir() else merge(base, folder, home / _MERGED)


def _road(name: str, llm: dict[str, Any]) -> Writer:
    return Writer(name, "tuned", LLMConfig(small=True, precision="float32", **llm))
