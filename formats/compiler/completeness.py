"""Refuses schemas that say too little: everything declared has a `doc`, every rule of a structure names its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from formats.compiler.model import Model, Structure, structure_of
from formats.compiler.rulebook import Rulebook
from formats.compiler.schema import Schema, SchemaError

ALL_FIELDS = "all"


def check(model: Model, book: Rulebook) -> None:
    """Checks everything that the schemas declare.

    Raises:
        SchemaError: something has no `doc`; a rule names a field that its structure does not have, or a slug that
            another rule has.
    """
    for where, data in _declarations(model):
        if not data.get("doc"):
            raise SchemaError(f"{where} has no doc")
    slugs: dict[str, str] = {}
    for rule in book.rules.values():
        first = slugs.setdefault(rule.data["slug"], rule.id)
        if first != rule.id:
            raise SchemaError(f"{rule.where}: rule {rule.id} has the slug of {first}")
        structure = model.structures.get(rule.structure)
        strange = set(rule.fields).difference(_members(model, structure)) if structure else set()
        if strange:
            raise SchemaError(f"{rule.where}: rule {rule.id}: {rule.structure} has no {', '.join(sorted(strange))}")


def _members(model: Model, structure: Structure) -> set[str]:
    """What a rule may name of a structure: fields, also of structures inside, instances, texts (keys) of its schema."""
    names = {ALL_FIELDS, *structure.instances}
    names |= {data["value"] for data in structure.schema.data.get("-constants", ()) if isinstance(data["value"], str)}
    for item in structure.fields:
        inner = structure_of(model, item)
        inside = _members(model, inner) if inner else set()
        names |= {item.id} | inside | {f"{item.id}.{name}" for name in inside}
    return names


def _declarations(model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    for schema in model.schemas:
        yield f"{schema.file}: the schema", schema.data
        for kind in ("-constants", "-guids"):
            for data in schema.data.get(kind, ()):
                yield f"{schema.file}: {kind} {data['id']}", data
        yield from _of_type(schema, schema.id, schema.data)
        for name, data in (schema.data.get("types") or {}).items():
            yield f"{schema.file}: {name}", data
            yield from _of_type(schema, name, data)


def _of_type(schema: Schema, name: str, data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in data.get("seq", ()):
        yield f"{schema.file}: {name}.{item['id']}", item
    for instance, item in (data.get("instances") or {}).items():
        if "-is" not in item:
            yield f"{schema.file}: {name}.{instance}", item
    for enum, values in (data.get("enums") or {}).items():
        for value, item in values.items():
            yield f"{schema.file}: {enum} {value}", item
