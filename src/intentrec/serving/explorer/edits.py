"""Interests edited by hand: what a form sends, what is kept of it, and how it is told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intentrec.errors import ConfigError
from intentrec.serving.explorer.explorer import Explorer
from intentrec.serving.explorer.knobs import Knobs
from intentrec.serving.explorer.persona import Persona
from intentrec.serving.live import InterestEdit


class Edit(BaseModel):
    """What is done; "restore" takes an earlier edit back."""

    model_config = ConfigDict(frozen=True)

    action: Literal["remove", "reword", "add", "restore"]
    interest_id: str = Field("", max_length=500)
    text: str = Field("", max_length=200)

    @property
    def words(self) -> str:
        """The text without space around and between its words that says nothing."""
        return " ".join(self.text.split())


class Sent(Knobs, Edit):
    """An edit, and how the page stood when it was made."""

    def knobs(self) -> Knobs:
        """How the page stood."""
        return Knobs.model_validate(self.model_dump())


def keep(explorer: Explorer, sent: Sent) -> None:
    """Write an edit down; it is on disk when this returns.

    Raises:
        ConfigError: It lacks its words or its interest.
        WorkspaceError: It cannot be stored.
    """
    store = explorer.holder.store
    if sent.action == "restore":
        store.take_back_edit(sent.id, sent.interest_id)
        return
    given = {"user_id": sent.id, "action": sent.action, "interest_id": sent.interest_id or None, "at": explorer.now()}
    try:
        edit = InterestEdit.model_validate(given | {"text": sent.words or None})
    except ValidationError as error:
        raise ConfigError(f"This edit is not complete: {error.errors()[0]['msg']}.") from error
    store.edit_interest(edit)


def told(sent: Sent, before: Persona) -> str:
    """What was done, in one sentence.

    Args:
        sent: The edit.
        before: The user as they stood before it.
    """
    names = {each.id: each.name for each in before.removed} | {each.id: each.name for each in before.interests}
    name = names.get(sent.interest_id, sent.interest_id)
    sentences = {
        "remove": f"Removed “{name}”.",
        "reword": f"“{name}” is now “{sent.words}”.",
        "add": f"Added “{sent.words}”.",
        "restore": f"“{name}” stands again as it was written.",
    }
    return sentences[sent.action]
