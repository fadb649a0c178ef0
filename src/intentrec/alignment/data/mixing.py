"""From samples of all sources to what a model is trained on: each once, nobody on both sides, some general ones."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intentrec.alignment.data.config import AlignmentDataConfig
from intentrec.alignment.samples import Sample

_BITS = 53  # of a hash, as many as a double holds without rounding


@dataclass(frozen=True)
class Sides:
    """Samples to train on, and samples that no model is trained on."""

    train: list[Sample]
    held_out: list[Sample]


def is_held_out(user_id: str, config: AlignmentDataConfig) -> bool:
    """Whether a user is kept for measuring; the same for all tasks, days and runs of a seed."""
    return _drawn("user", user_id, config)


def is_item_held_out(item_id: str, config: AlignmentDataConfig) -> bool:
    """The same for an item that questions about nobody are about."""
    return _drawn("item", item_id, config)


def distinct(samples: Iterable[Sample]) -> list[Sample]:
    """Samples in their order, the same answer to the same question of the same task once; a pair wins over no pair.

    Whom a sample is about does not count: two users of whom the same is asked teach the same.
    """
    found: dict[tuple[object, ...], Sample] = {}
    for sample in samples:
        key = (sample.task, sample.messages, sample.answer)
        if key not in found or (sample.rejected and not found[key].rejected):
            found[key] = sample
    return list(found.values())


def split(samples: Iterable[Sample], config: AlignmentDataConfig) -> Sides:
    """Each user's samples on one side; samples about nobody by their item, or else by their question.

    What is trained on holds no question that is held out, even where it is about somebody else.
    """
    train: list[Sample] = []
    held_out: list[Sample] = []
    for sample in samples:
        (held_out if _held(sample, config) else train).append(sample)
    asked = {(sample.task, sample.messages) for sample in held_out}
    return Sides([sample for sample in train if (sample.task, sample.messages) not in asked], held_out)


def with_general(samples: Sequence[Sample], general: Sequence[Sample], config: AlignmentDataConfig) -> list[Sample]:
    """The samples and after them so many general ones, drawn by a hash, that they are `general_share` of all.

    Fewer where there are fewer.
    """
    wanted = round(len(samples) * config.general_share / (1 - config.general_share))
    return [*samples, *sorted(general, key=lambda sample: _hashed("general", sample.sample_id, config))[:wanted]]


def shuffled(samples: Iterable[Sample], config: AlignmentDataConfig) -> list[Sample]:
    """The samples in an order that depends on them and the seed alone."""
    return sorted(samples, key=lambda sample: _hashed("order", sample.sample_id, config))


def _held(sample: Sample, config: AlignmentDataConfig) -> bool:
    if sample.user_id is not None:
        return is_held_out(sample.user_id, config)
    if sample.item_id is not None:
        return is_item_held_out(sample.item_id, config)
    return _drawn("question", "\0".join(message.content for message in sample.messages), config)


def _drawn(kind: str, name: str, config: AlignmentDataConfig) -> bool:
    return (_hashed(kind, name, config) >> (64 - _BITS)) / (1 << _BITS) < config.held_out


def _hashed(kind: str, name: str, config: AlignmentDataConfig) -> int:
    digest = hashlib.sha256(f"{kind}/{config.seed}/{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
