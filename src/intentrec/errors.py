"""Every error a caller can meet, with its exit code on the command line.

    IntentrecError            1
    ├── ConfigError           3   a setting is unknown, missing or out of range
    ├── DataError             4   a file or table is not what its contract says
    ├── WorkspaceError        5   the folder, a stored table or a release cannot be used
    │   └── WorkspaceBusy         another process is writing to the workspace
    ├── LLMError              6   a language model did not answer as asked
    │   ├── LLMUnavailable        the server or engine cannot be reached, or refuses
    │   └── LLMAnswerError        it answered, but not with what the schema asks for
    ├── BudgetExceeded        7   the spend cap of the run is reached; what is done is kept
    ├── NotFoundError         8   a user, an item or a release that is asked for does not exist
    ├── NotFittedError        9   something is used before it was trained
    └── MissingExtra         10   an optional package is not installed

A message says what was wrong, shows the value, and names the next step.
"""


class IntentrecError(Exception):
    """Base of all errors that intentrec raises on purpose."""

    exit_code = 1


class ConfigError(IntentrecError):
    """A setting is unknown, missing or out of range."""

    exit_code = 3


class DataError(IntentrecError):
    """A file or table is not what its contract says."""

    exit_code = 4


class WorkspaceError(IntentrecError):
    """The folder, a stored table or a release cannot be used."""

    exit_code = 5


class WorkspaceBusy(WorkspaceError):
    """Another process is writing to the workspace."""


class LLMError(IntentrecError):
    """A language model did not answer as asked.

    Attributes:
        retryable: Whether the same call may succeed later.
        hint: What the user can do about it; "" when there is nothing to add.
    """

    exit_code = 6

    def __init__(self, message: str, *, retryable: bool = False, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.retryable = retryable
        self.hint = hint


class LLMUnavailable(LLMError):
    """The server or engine cannot be reached, or refuses."""


class LLMAnswerError(LLMError):
    """The model answered, but not with what the schema asks for."""


class BudgetExceeded(IntentrecError):
    """The spend cap of the run is reached; what is done is kept."""

    exit_code = 7


class NotFoundError(IntentrecError):
    """A user, an item or a release that is asked for does not exist."""

    exit_code = 8


class NotFittedError(IntentrecError):
    """Something is used before it was trained."""

    exit_code = 9


class MissingExtra(IntentrecError):
    """An optional package is not installed."""

    exit_code = 10
