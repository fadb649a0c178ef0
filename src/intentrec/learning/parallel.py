"""Training in several processes: every process draws the same steps and works on its share of each.

Start one process a device with `torchrun --nproc-per-node N` and call the training inside `joined()`. The loss of a
step is a weighted mean over the whole step, so the processes' gradients are summed, and N processes do what one would.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Join the group that `torchrun` started, if it did, and leave it afterwards.

    Args:
        device: "cpu" or "cuda"; every process takes a GPU of its own.

    Yields:
        The device of this process.
    """
    if "RANK" not in os.environ or distributed.is_initialized():
        yield device
        return
    cuda = device.startswith("cuda")
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield f"cuda:{os.environ['LOCAL_RANK']}" if cuda else device
    finally:
        distributed.destroy_process_group()


def share() -> tuple[int, int]:
    """This process's number and how many there are: (0, 1) without a group."""
    if not distributed.is_available() or not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def summed(tensors: Iterable[Tensor]) -> None:
    """Replace each tensor by its sum over the processes, in one exchange; nothing happens in a single process."""
    tensors = list(tensors)
    if share()[1] == 1:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    distributed.all_reduce(flat)
    start = 0
    for tensor in tensors:
        tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
        start += tensor.numel()


def first_says(value: float, device: str) -> float:
    """The first process's value, in all of them, so that they decide alike."""
    if share()[1] == 1:
        return value
    box = torch.tensor([value], dtype=torch.float64, device=device)
    distributed.broadcast(box, 0)
    return float(box)
