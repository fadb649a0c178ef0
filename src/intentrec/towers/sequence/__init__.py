"""The sequence tower: a causal transformer over a user's recent events, and items made of ids, attributes and text.

    data = TrainingData.build(events, items, as_of=..., kinds=..., config=..., item_tags=..., item_text=..., ...)
    tower = train_sequence(
        data, SequenceConfig(), held_out=HeldOut(since=cut), seed=0, device="cpu", progress=SILENT
    )                                  # or HeldOut(last=True) for leave-one-out, HeldOut() to learn all for all epochs
    scores = tower.user_vectors(log, users, now) @ tower.item_vectors().T

`log` holds the raw events of any users, whom the training need not have known. `tower.held_out` is the tower of the
validation part, which has not seen what was held out; `tower.history` tells how training went. To store a tower:
`save_file(tower.tensors(), ...)` and `json.dumps(tower.meta())`; `SequenceTower.of(meta, tensors)` reads it back.

With `torchrun --nproc-per-node N`, call the training within `parallel.joined(device)`: same steps, N times the hands.

How it differs from SASRec (Kang and McAuley, 2018): a softmax over shared negatives with their logQ correction instead
of one negative a position (Klenitskiy and Vasilev, 2023), gated blocks with norms in front, items that are more than
their ids, and coordinates for what is in demand at the time of the question.
"""

from typing import TYPE_CHECKING

from intentrec.extras import lazily
from intentrec.towers.sequence.config import SequenceConfig

if TYPE_CHECKING:
    from intentrec.towers.sequence.epochs import Found, HeldOut, SequenceEpoch
    from intentrec.towers.sequence.fitted import SequenceTower
    from intentrec.towers.sequence.sampling import Impressions
    from intentrec.towers.sequence.training import train_sequence

__all__ = ["Found", "HeldOut", "Impressions", "SequenceConfig", "SequenceEpoch", "SequenceTower", "train_sequence"]

_HOMES = {
    "Found": "epochs",
    "HeldOut": "epochs",
    "Impressions": "sampling",
    "SequenceEpoch": "epochs",
    "SequenceTower": "fitted",
    "train_sequence": "training",
}

__getattr__ = lazily(__name__, _HOMES, "torch", "the sequence tower")
