"""One of the processes of test_parallel: trains on the planted shop and stores what came out."""

import sys

from safetensors.torch import save_file

from encoder_world import PARALLEL, tiny, trained
from intentrec.learning.parallel import joined, share

if __name__ == "__main__":
    out, *models = sys.argv[1:]
    with joined("cpu") as device:
        rank, size = share()
        for (way, changes), model in zip(PARALLEL.items(), models, strict=True):
            made = trained(tiny(model, **changes), device=device)
            figures = ",".join(f"{epoch.loss!r} {epoch.recall!r}" for epoch in made.history)
            tensors = {name: tensor.contiguous() for name, tensor in made.opened.backbone.state_dict().items()}
            save_file(tensors, f"{out}/{way}-{rank}.safetensors", metadata={"figures": figures, "size": str(size)})
