"""Every error has its own exit code, and the tree in the docstring is the real one."""

import re

from intentrec import errors

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.IntentrecError)]


def test_the_drawn_tree_lists_every_error_with_its_exit_code() -> None:
    drawn = dict(re.findall(r"(\w+) +(\d+)", errors.__doc__ or ""))
    for kind in ALL:
        if kind.__bases__[0] in (Exception, errors.IntentrecError):
            assert drawn[kind.__name__] == str(kind.exit_code)
        else:
            assert kind.__name__ in (errors.__doc__ or "")


def test_exit_codes_tell_errors_apart() -> None:
    first = [kind for kind in ALL if kind.__bases__[0] is errors.IntentrecError]
    assert len({kind.exit_code for kind in first}) == len(first)


def test_a_hint_is_part_of_the_message() -> None:
    error = errors.LLMUnavailable("No answer.", retryable=True, hint="Try later.")
    assert (str(error), error.retryable, error.hint) == ("No answer. Try later.", True, "Try later.")
