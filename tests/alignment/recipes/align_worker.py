"""One of the processes of test_align_parallel: trains a tiny model in every way."""

import sys
from pathlib import Path

from align_models import lessons, place, tiny
from intentrec.alignment.recipes import train_dpo, train_sft
from intentrec.learning.parallel import joined

if __name__ == "__main__":
    base, folder = sys.argv[1], Path(sys.argv[2])
    with joined("cpu"):
        train_sft(lessons(), base, tiny(batch_tokens=240), place(folder / "sft"), figure=lambda *_: 1.0)
        train_dpo(lessons(pairs=True), base, tiny(batch_tokens=500), place(folder / "dpo"))
