"""What an answer of the embedded model costs, by slots and prompt cache, and whether they change what it says.

    python benchmarks/embedded_llm.py [requests]

CPU seconds are the number to trust: wall time depends on what else the machine does.
"""

import random
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from intentrec.llm import Answer, LLMConfig, Message, Request
from intentrec.llm.backends.embedded import EmbeddedBackend

RULE = "choose the interest that covers most of the items in the list, and never one that only repeats a title."
RULES = "You name what a shopper wants. " + " ".join(f"Rule {n}: {RULE}" for n in range(12))
INTERESTS = ["Kitchen baking", "Vintage home decor", "Christmas decoration", "Garden and picnic",
             "Stationery and gift wrap", "Children's toys", "Bags and storage", "Candles and lights", "Jewellery",
             "Tea and coffee"]  # fmt: skip
TITLES = ["WHITE HANGING HEART T-LIGHT HOLDER", "SET OF 3 CAKE TINS PANTRY DESIGN", "JUMBO BAG RED RETROSPOT",
          "PARTY BUNTING", "LUNCH BAG BLACK SKULL", "REGENCY CAKESTAND 3 TIER", "PAPER CHAIN KIT 50'S CHRISTMAS",
          "ALARM CLOCK BAKELIKE GREEN"]  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {"choice": {"type": "string", "enum": INTERESTS}},
    "required": ["choice"],
    "additionalProperties": False,
}


def question(n: int) -> Request:
    titles = random.Random(n).sample(TITLES, 6)
    listed = "; ".join(f"{place}. {title}" for place, title in enumerate(titles, 1))
    messages = (
        Message(role="system", content=RULES),
        Message(role="user", content=f"Shopper {n}: {listed}. Which interest?"),
    )
    return Request(stage="bench", prompt_version="rules", messages=messages, answer_schema=SCHEMA, max_tokens=20)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ask_all(config: LLMConfig, requests: int) -> list[Answer]:
    backend = EmbeddedBackend(config)
    with ThreadPoolExecutor(config.slots) as pool:
        list(pool.map(backend.ask, map(question, range(-config.slots, 0))))  # every slot has read the shared beginning
        cpu, wall = cpu_seconds(), time.monotonic()
        answers = list(pool.map(backend.ask, map(question, range(requests))))
    cpu, wall = cpu_seconds() - cpu, time.monotonic() - wall
    backend.close()
    read, written = (
        sum(counts) / requests
        for counts in zip(*((a.prompt_tokens, a.completion_tokens) for a in answers), strict=True)
    )
    print(
        f"slots {config.slots}, cache {config.cache_prompt!s:5}: {1000 * cpu / requests:.0f} ms cpu, "
        f"{1000 * wall / requests:.0f} ms wall an answer ({read:.0f} tokens read, {written:.0f} written)"
    )
    return answers


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    alone = None
    for slots, cache in ((1, True), (1, False), (4, True), (8, True)):
        config = LLMConfig(backend="embedded", context_tokens=1024, slots=slots, cache_prompt=cache)
        answers = ask_all(config, requests)
        alone = alone or answers
        changed = sum(one.text != other.text for one, other in zip(alone, answers, strict=True))
        print(f"  {changed} of {requests} answers differ from one slot with the cache")


if __name__ == "__main__":
    main()
