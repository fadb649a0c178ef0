"""A model's answers as a file, so that nobody pays for them twice.

`python -m benchmarks.alignment.kept keep --dir WORKSPACE --model teacher --file FILE.jsonl.gz` takes them out of a
workspace's ledger, `give` puts them into another one: a run that asks the same is then answered from there. Whom a call
is about is noted when it is asked for.
"""

import argparse
import gzip
import json
from datetime import datetime
from pathlib import Path

from intentrec.llm.ledger import Answer, Call, Ledger, key_of

_FIELDS = ("request", "answer", "cut", "status", "error", "prompt_tokens", "completion_tokens", "usd")


def keep(ledger: Ledger, model: str, file: Path) -> int:
    """Write the calls of a model, in the order in which they were made; how many there are."""
    lines = [_line(call) for call in ledger.calls() if call.model == model]
    said = "".join(f"{line}\n" for line in lines).encode()
    file.write_bytes(gzip.compress(said, mtime=0))  # no time in the header: the same answers are the same bytes
    return len(lines)


def give(ledger: Ledger, file: Path) -> int:
    """Add the calls of a file that the ledger has no answer to; how many were added."""
    added = 0
    for line in gzip.decompress(file.read_bytes()).decode().split("\n"):
        call = json.loads(line) if line else None
        if call is None or ledger.find(key_of(call["request"])) is not None:
            continue
        answer = Answer(call["answer"], call["prompt_tokens"], call["completion_tokens"], call["cut"])
        at = datetime.fromisoformat(call["created_at"])
        told = {"status": call["status"], "error": call["error"], "usd": call["usd"]}
        ledger.store(call["request"], answer, **told, created_at=at, subjects=())
        added += 1
    return added


def _line(call: Call) -> str:
    values = {name: getattr(call, name) for name in _FIELDS} | {"created_at": call.created_at.isoformat()}
    return json.dumps(values, ensure_ascii=False)


def main() -> None:
    """Keep or give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["keep", "give"])
    parser.add_argument("--dir", type=Path, required=True, help="a workspace")
    parser.add_argument("--model", default="teacher", help="keep: whose answers, as the ledger names it")
    parser.add_argument("--file", type=Path, required=True, help="JSONL, gzipped")
    given = parser.parse_args()
    ledger = Ledger(given.dir / "ledger.sqlite")
    try:
        n = keep(ledger, given.model, given.file) if given.what == "keep" else give(ledger, given.file)
    finally:
        ledger.close()
    print(f"{n:,} calls {'kept' if given.what == 'keep' else 'added'}.")


if __name__ == "__main__":
    main()
