"""The demo's last screens: three users shown whole, who wrote what, the comparison, and what to type next."""

from rich.console import Console
from rich.markup import escape as plain
from rich.panel import Panel

from intentrec.cli.show import evaluation, table
from intentrec.pipeline.demo import Demo, Story

_PROFILE_LINES = 12
_TAGS_SHOWN = 8


def demo(out: Console, found: Demo) -> None:
    """Everything the demo has to show."""
    for story in found.stories:
        _story(out, story)
    _authorship(out, found)
    evaluation(out, found.evaluation)
    for note in found.notes:
        out.print(f"[yellow]{plain(note)}[/]")
    _next_steps(out, found)


def _story(out: Console, story: Story) -> None:
    out.rule(f"User {plain(story.user_id)}")
    lines = story.profile.splitlines()
    more = [f"... and {len(lines) - _PROFILE_LINES} more lines"] if len(lines) > _PROFILE_LINES else []
    out.print(Panel(plain("\n".join(lines[:_PROFILE_LINES] + more)), title="1 Profile"))
    rows = [(i["interest"], i["stage"], i["reason"], len(i["evidence"]), i["model"]) for i in story.interests]
    out.print(table("2 Interests", ("interest", "stage", "because", "events", "written by"), rows, right=(3,)))
    tags = [(t["tag"], t["interest"], t["category"], t["model"]) for t in story.tags[:_TAGS_SHOWN]]
    out.print(table("3 Tags: what may be wanted next", ("tag", "for the interest", "category", "written by"), tags))
    items = [(i["rank"], i["title"], f"{i['score']:.2f}", i["source"], i["reason"]) for i in story.items]
    out.print(table("4, 5 Items with reasons", ("", "title", "score", "by", "reason"), items, right=(0, 2)))


def _authorship(out: Console, found: Demo) -> None:
    out.rule("Who wrote what")
    rows = [(name, model, f"{n:,}") for name, models in found.written_by.items() for model, n in models.items()]
    out.print(
        table("Rows by author ('none' is rules and embeddings)", ("table", "written by", "rows"), rows, right=(2,))
    )
    if found.rejected:
        refused = [(reason, f"{n:,}") for reason, n in found.rejected.items()]
        total = sum(found.rejected.values())
        out.print(
            table(f"The gate refused {total:,} outputs of the language model", ("why", "outputs"), refused, right=(1,))
        )
    for line in found.report.model_lines():
        out.print(plain(line))


def _next_steps(out: Console, found: Demo) -> None:
    folder, story = plain(str(found.folder)), found.stories[0]
    item = story.items[0]["item_id"]
    out.rule("What to type next")
    for line in (
        f"intentrec -w {folder} recommend {plain(story.user_id)}",
        f"intentrec -w {folder} why {plain(story.user_id)} {plain(item)}",
        f"intentrec -w {folder} data check",
        f"intentrec -w {folder} evaluate --json",
        "intentrec demo --llm-url http://127.0.0.1:8000/v1 --model NAME     # your own language model",
        "intentrec init my-shop                                             # your own data",
    ):
        out.print(f"  {line}", highlight=False)
