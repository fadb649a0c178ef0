"""What a bundle says of itself, and the keys under which it finds explanations."""

import hashlib
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Literal[1] = 1
META, TOWERS, INDEX = "meta.json", "towers", "index"


class Meta(BaseModel):
    """`meta.json`, written last: a folder without it is no bundle.

    Attributes:
        digest: Names the content: the release's tables and artefacts, its inputs, and what the export was asked for.
        as_of: Exclusive end of the events that are in it.
        last_row: Greatest `row` of the events that the release's table held, -1 for none: what came in later is
            greater.
        inputs: Version of each input table that the release read.
        width: Length of the vectors; the first `towers_width` coordinates are the towers', the others the encoder's.
        text_width: Length of the text vectors of items; 0 where there are none.
        stored_k: Most entries of a stored list.
        beta: Edges and values of `BetaByActivity`.
        tag_scale: What the towers' tag vectors are multiplied by; None where it is not known.
        config: The settings that the release was made with.
        kinds: Names of kinds of events, in the order of their codes in `history.event`.
        categories: Names of categories, ascending, in the order of their codes.
        memory: Weights, kinds and settings of what is remembered; None where the towers have no such part.
        facts: What the release's manifest says beside its tables.
        report: What the run told its operator.
        files: Size in bytes of each file, so that a damaged bundle is known before it is served.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = FORMAT
    release: str
    digest: str
    as_of: datetime
    created_at: datetime
    n_items: int
    n_users: int
    n_events: int = 0
    last_row: int = -1
    inputs: dict[str, int] = Field(default_factory=dict)
    width: int
    towers_width: int
    text_width: int = 0
    stored_k: int
    beta: dict[str, Any]
    tag_scale: float | None = None
    config: dict[str, Any]
    kinds: list[str]
    categories: list[str]
    memory: dict[str, Any] | None = None
    facts: dict[str, Any] = Field(default_factory=dict)
    report: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, int] = Field(default_factory=dict)


def pair_key(interest: str, item_id: str) -> bytes:
    """The key of an explanation, 16 bytes."""
    both = f"{len(interest)}:{interest}{item_id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(both, digest_size=16).digest()
