"""A run that kills its own process at its n-th call: `killed_run.py LEDGER LOG N`; N = 0 lives to the end."""

import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))

from intentrec.llm import Ledger, LedgeredModel, LLMConfig, Request
from intentrec.llm.backends.scripted import ScriptedBackend
from llm_world import Choice, ask

ledger, log, kill_at = Path(sys.argv[1]), os.open(sys.argv[2], os.O_CREAT | os.O_APPEND | os.O_WRONLY), int(sys.argv[3])
lock, calls = threading.Lock(), 0


def answer(request: Request) -> dict[str, str]:
    global calls  # noqa: PLW0603
    with lock:
        calls += 1
        os.write(log, f"{request.messages[0].content}/{len(request.messages)}\n".encode())
        if calls == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
    wrong_at_first = int(request.messages[0].content) % 3 == 0 and len(request.messages) == 1
    return {"choice": "cocoa" if wrong_at_first else "tea"}


model = LedgeredModel(ScriptedBackend(answer), Ledger(ledger), LLMConfig(concurrency=4))
requests = [ask(f"{n}", subject=f"u{n}") for n in range(30)]
print([completion.value.choice for completion in model.complete(requests, Choice) if completion.value])
