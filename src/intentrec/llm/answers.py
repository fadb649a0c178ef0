"""From the text of an answer to a checked value: JSON, then the request's schema, then the pydantic type."""

import json
import re
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError

from intentrec.llm.messages import A

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)
_DETAIL = 300


class WrongAnswer(ValueError):
    """An answer that cannot be used; the text is "word: detail" and is shown to the model when it is asked again."""

    def __init__(self, word: str, detail: str) -> None:
        super().__init__(f"{word}: {detail}"[:_DETAIL])


def closed_schema(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object that has all these properties and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def schema_of(answer: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a pydantic type as models are asked for it: closed, every field required, no titles."""
    schema = _tightened(answer.model_json_schema())
    assert isinstance(schema, dict)
    return schema


def _tightened(node: Any) -> Any:
    if isinstance(node, list):
        return [_tightened(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key not in ("title", "default", "description")}
    if not isinstance(node.get("properties"), dict):
        return {key: _tightened(value) for key, value in kept.items()}
    properties = {name: _tightened(value) for name, value in node["properties"].items()}
    rest = {key: _tightened(value) for key, value in kept.items() if key != "properties"}
    return rest | {"properties": properties, "required": list(properties), "additionalProperties": False}


def parse_answer(text: str, schema: dict[str, Any], answer: type[A], *, cut: bool = False) -> A:
    """The value that the text holds.

    A code fence, a `<think>` block and words around the JSON object are let pass: servers without structured output
    add them. The schema is checked here again because such servers do not, and because choices of one request are in
    no pydantic type.

    Args:
        cut: Whether the model was stopped at its longest answer.

    Raises:
        WrongAnswer: With the first reasons found.
    """
    try:
        data = _json(text)
        # What JSON permits and tables do not: halves of surrogate pairs, and numbers too large to be one.
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as broken:
        if cut:
            raise WrongAnswer("too-long", "the answer was cut at its longest length before it was complete") from None
        raise WrongAnswer("not-json", str(broken)) from None
    problem = misfit(data, schema)
    if problem:
        raise WrongAnswer("schema", problem)
    try:
        return answer.model_validate(data)
    except ValidationError as invalid:
        raise WrongAnswer("schema", _told(invalid)) from None


def _json(text: str) -> Any:
    body = text.rpartition("</think>")[2].strip()
    try:
        return _loads(body)
    except ValueError as whole:
        fenced = _FENCED.search(body)
        start = body.find("{")
        if fenced:
            return _loads(fenced[1])
        if start < 0:
            raise whole
        return _DECODER.raw_decode(body, start)[0]


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_not_json)
_loads = _DECODER.decode


def _told(invalid: ValidationError) -> str:
    told = (f"{'.'.join(map(str, error['loc'])) or 'answer'}: {error['msg']}" for error in invalid.errors()[:3])
    return "; ".join(told)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def misfit(data: Any, schema: dict[str, Any]) -> str:
    """What of the data does not fit the schema, "" if it all fits.

    Covers what prompts use: type, enum, const, properties, required, additionalProperties, items, anyOf, local $ref,
    and the bounds of lengths, counts and numbers. Other keywords are for the server alone.
    """
    return _misfit(data, schema, schema, "answer")


def _misfit(data: Any, node: dict[str, Any], root: dict[str, Any], where: str) -> str:
    if "$ref" in node:
        return _misfit(data, root["$defs"][node["$ref"].rpartition("/")[2]], root, where)
    if "anyOf" in node:
        told = [_misfit(data, branch, root, where) for branch in node["anyOf"]]
        return "" if "" in told else told[0]
    return (
        _wrong_type(data, node, where) or _out_of_bounds(data, node, where) or _misfit_inside(data, node, root, where)
    )


def _wrong_type(data: Any, node: dict[str, Any], where: str) -> str:
    expected = node.get("type")
    if isinstance(expected, str) and (
        not isinstance(data, _TYPES[expected]) or (isinstance(data, bool) and expected != "boolean")
    ):
        return f"{where}: must be {expected}"
    choices = [node["const"]] if "const" in node else node.get("enum")
    if choices is not None and data not in choices:
        return f"{where}: {data!r} is not one of the choices"
    return ""


# keyword -> (what is measured, whether it is a lower bound)
_BOUNDS: dict[str, tuple[type | tuple[type, ...], bool]] = {
    "minLength": (str, True),
    "maxLength": (str, False),
    "minItems": (list, True),
    "maxItems": (list, False),
    "minimum": ((int, float), True),
    "maximum": ((int, float), False),
}


def _out_of_bounds(data: Any, node: dict[str, Any], where: str) -> str:
    for keyword, (kind, is_lower) in _BOUNDS.items():  # in fixed order: the text becomes part of a repair's key
        if keyword in node and isinstance(data, kind):
            size = len(data) if isinstance(data, str | list) else data
            if size < node[keyword] if is_lower else size > node[keyword]:
                return f"{where}: {keyword} is {node[keyword]}, not {size}"
    return ""


def _misfit_inside(data: Any, node: dict[str, Any], root: dict[str, Any], where: str) -> str:
    if isinstance(data, list) and "items" in node:
        return next(filter(None, (_misfit(x, node["items"], root, f"{where}[{n}]") for n, x in enumerate(data))), "")
    if not isinstance(data, dict):
        return ""
    properties = node.get("properties", {})
    missing = [name for name in node.get("required", []) if name not in data]
    if missing:
        return f"{where}: {missing[0]!r} is missing"
    unknown = [name for name in data if name not in properties]
    if unknown and node.get("additionalProperties") is False:
        return f"{where}: {unknown[0]!r} has no place here"
    inside = (_misfit(data[name], properties[name], root, f"{where}.{name}") for name in properties if name in data)
    return next(filter(None, inside), "")
