"""One of the processes of test_parallel: trains on the shared world and stores what came out."""

import sys

from safetensors.torch import save_file
from sequence_world import SMALL, chains

from intentrec.learning.parallel import joined, share
from intentrec.progress import SILENT
from intentrec.towers.sequence import HeldOut, train_sequence

CHANGES = {"target": "window", "epochs": 2, "tokens": 256, "negatives": 12, "hard": 2, "in_batch": 4}


def result(device="cpu"):
    config = SMALL.model_copy(update=CHANGES)
    return train_sequence(chains(), config, held_out=HeldOut(), seed=0, device=device, progress=SILENT)


if __name__ == "__main__":
    with joined("cpu") as device:
        tower = result(device)
        rank, size = share()
        losses = ",".join(repr(epoch.loss) for epoch in tower.history)
        save_file(tower.tensors(), f"{sys.argv[1]}/{rank}.safetensors", metadata={"losses": losses, "size": str(size)})
