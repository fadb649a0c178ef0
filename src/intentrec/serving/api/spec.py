"""The finished specification: what FastAPI writes, with keys and problems as they are here."""

from typing import Any

from pydantic.json_schema import models_json_schema

from intentrec.serving.api.answers import Refusal, Trouble
from intentrec.serving.api.problems import PROBLEM_TYPE

ABOUT = """Recommendations from what people want, with a reason for each.

Keys go into `Authorization: Bearer KEY`; `intentrec keys add NAME --scope read` makes one. A server without keys answers to its own machine alone. Every answer carries `X-Request-ID`; send one of your own (letters, digits, `._-`, at most 128) and it is kept. Errors are `application/problem+json`. Ids are any Unicode text of 1 to 500 characters without NUL; in paths a slash is written `%2F`."""  # noqa: E501
_REF = "#/components/schemas/{model}"
_DEFAULT_REFUSAL = "#/components/schemas/HTTPValidationError"
TAGS: list[dict[str, Any]] = [
    {"name": "lists", "description": "Items for users, histories, wishes, items."},
    {"name": "people", "description": "What is known of a user, and the user's say in it."},
    {"name": "writes", "description": "What comes in."},
    {"name": "experiments", "description": "What is tried on whom, and what it is worth."},
    {"name": "probes", "description": "For what watches the server."},
]


def specification(made: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's specification with the scheme of keys, and problems in place of its own errors."""
    parts = made.setdefault("components", {})
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A key with the scope named."}
    }
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, ours = models_json_schema([(Trouble, "validation"), (Refusal, "validation")], ref_template=_REF)
    schemas.update(ours["$defs"])
    for path in made["paths"].values():
        for operation in path.values():
            _mend(operation)
    parts["schemas"] = dict(sorted(schemas.items()))
    return made


def _mend(operation: dict[str, Any]) -> None:
    for answer in operation["responses"].values():
        answer["headers"] = {"X-Request-ID": {"schema": {"type": "string"}, "description": "Names it in the logs."}}
    refusal = operation["responses"].get("422", {}).get("content", {})
    plain = refusal.pop("application/json", None)
    if plain is not None and PROBLEM_TYPE not in refusal:
        refusal[PROBLEM_TYPE] = {"schema": {"$ref": _REF.format(model="Refusal")}}
