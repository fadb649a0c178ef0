"""What a checkpoint of this training belongs to."""

import hashlib

import numpy as np

from intentrec.data.log import Log
from intentrec.towers.catalogue import Catalogue
from intentrec.towers.sequence.config import SequenceConfig
from intentrec.towers.sequence.epochs import HeldOut


def fingerprint(log: Log, catalogue: Catalogue, config: SequenceConfig, held_out: HeldOut, seed: int) -> str:
    """Hash of everything that decides how a training goes."""
    digest = hashlib.sha256(f"{config.model_dump_json()} {held_out} {seed}".encode())
    for array in (log.user, log.item, log.kind, log.time, catalogue.fixed, catalogue.text):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
