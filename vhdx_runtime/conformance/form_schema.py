"""The JSON Schemas of the recipe form and of a case, made from the dataclasses.

`python -m vhdx_runtime.conformance.form_schema` writes them.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union

from .cases import Case
from .recipes.form import form_fields, required_fields, tag_of
from .recipes.recipe import Recipe

RECIPE_SCHEMA = Path(__file__).with_name("recipe.schema.json")
CASE_SCHEMA = Path(__file__).parents[1] / "cli" / "schemas" / "conformance-show.json"
_INTEGER = {
    "description": "An integer, or a text with a unit (64 TiB - 512), a constant or a block state by name.",
    "anyOf": [{"type": "integer"}, {"type": "string"}],
}
_ENTRY = re.compile(r"^(\w+): (.*)$")


def make_schema() -> dict[str, Any]:
    """The schema of a recipe; `$defs/Case` is the schema of a case without matrix."""
    definitions: dict[str, Any] = {"integer": _INTEGER, "bytes": _bytes_schema()}
    for kind in (Recipe, Case):
        _define(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Recipe of a VHDX file",
        "$ref": "#/$defs/Recipe",
        "$defs": dict(sorted(definitions.items())),
    }


def texts() -> dict[Path, str]:
    """The schemas as they stand in files: of a recipe, and of what `vhdx conformance show --json` prints."""
    schema = make_schema()
    shown = schema | {"title": "vhdx conformance show --json", "$ref": "#/$defs/Case"}
    found = {RECIPE_SCHEMA: schema, CASE_SCHEMA: shown}
    return {path: json.dumps(value, indent=2, ensure_ascii=False) + "\n" for path, value in found.items()}


def _bytes_schema() -> dict[str, Any]:
    count = {"$ref": "#/$defs/integer"}
    one = {"$ref": "#/$defs/bytes"}
    keys = ("offset", "size", "step")
    counters = {"type": "array", "items": _closed(dict.fromkeys(keys, count), list(keys))}
    return {
        "description": "Bytes; a list is its elements one behind the other.",
        "anyOf": [
            _closed({"hex": {"type": "string"}}, ["hex"]),
            _closed({"text": {"type": "string"}, "encoding": {"type": "string"}}, ["text"]),
            _closed({"zeros": count}, ["zeros"]),
            _closed({"repeat": one, "count": count, "counters": counters}, ["repeat", "count"]),
            {"type": "array", "items": one},
        ],
    }


def _closed(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _define(kind: Any, definitions: dict[str, Any]) -> dict[str, str]:
    reference = {"$ref": f"#/$defs/{kind.__name__}"}
    if kind.__name__ in definitions:
        return reference
    definitions[kind.__name__] = {}
    documents = _documents(kind)
    properties = {}
    for name, (declared, hint) in form_fields(kind).items():
        schema = _schema(hint, definitions)
        if name in documents:
            schema = {"description": documents[name], **schema}
        if declared.default is not MISSING and isinstance(declared.default, str | int | bool):
            schema = {**schema, "default": declared.default}
        properties[name] = schema
    required = required_fields(kind)
    schema = _closed(properties, required)
    if required == list(properties)[:1]:
        schema = {"anyOf": [properties[required[0]], schema]}
    definitions[kind.__name__] = {"description": (inspect.getdoc(kind) or "").partition("\n")[0], **schema}
    return reference


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of_union(one, arguments, definitions) for one in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if origin is tuple:
        each = [_schema(one, definitions) for one in arguments]
        return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
    if is_dataclass(hint):
        return dict(_define(hint, definitions))
    plain = {str: {"type": "string"}, bool: {"type": "boolean"}, type(None): {"type": "null"}}
    return dict(plain.get(hint) or {"$ref": f"#/$defs/{'integer' if hint is int else 'bytes'}"})


def _of_union(kind: Any, kinds: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(kind, definitions)
    if is_dataclass(kind) and sum(1 for one in kinds if is_dataclass(one)) > 1:
        tag = tag_of(typing.cast(type, kind))
        return _closed({tag: schema}, [tag])
    return schema


def _documents(kind: Any) -> dict[str, str]:
    """What the docstring's "Attributes:" says of each field."""
    _, _, part = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc("\n" + part).splitlines() if part else ():
        match = _ENTRY.match(line)
        if match:
            name = match[1]
            found[name] = match[2]
        elif not line.strip():
            break
        elif name:
            found[name] += f" {line.strip()}"
    return found


if __name__ == "__main__":
    for target, text in texts().items():
        target.write_text(text, "utf-8")
