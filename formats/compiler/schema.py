"""Reads the schemas and `rules.yaml` as plain data.

Knows YAML as the Kaitai compiler reads it (version 1.2, so `no` is a word and `2.6` is not a number) and the names of
our own keys. Refuses keys that stand twice.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class SchemaError(Exception):
    """A schema or `rules.yaml` is wrong; the message starts with the file's name."""


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where PyYAML has libyaml


class _Loader(_Base):  # type: ignore[misc]
    """YAML 1.2 core schema without floats; every key at most once."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in result:
            line = key_node.start_mark.line + 1
            raise SchemaError(f"{loader.name}:{line}: the key {key!r} stands twice")
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 16 if "x" in node.value else 10))


@dataclass(frozen=True)
class Schema:
    """One `.ksy` file: its id, its file name, its content, and the sha256 of its bytes."""

    id: str
    file: str
    data: dict[str, Any]
    sha256: str

    @property
    def is_map(self) -> bool:
        """True for the file map, whose types are views of the file and not structures of it."""
        return "-places" in self.data


def load_yaml(path: Path) -> Any:
    """Reads one YAML file.

    Raises:
        SchemaError: not YAML, or a key that stands twice.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            loader = _Loader(stream)
            loader.name = path.name
            try:
                return loader.get_single_data()
            finally:
                loader.dispose()
    except yaml.YAMLError as error:
        raise SchemaError(f"{path.name}: {error}") from error


def load_schemas(formats: Path) -> tuple[Schema, ...]:
    """Reads every `.ksy` of a folder, sorted by name.

    Raises:
        SchemaError: none is there, one is not YAML, or its `meta/id` is not its file's name.
    """
    schemas = []
    for path in sorted(formats.glob("*.ksy")):
        data = load_yaml(path)
        if not isinstance(data, dict) or data.get("meta", {}).get("id") != path.stem:
            raise SchemaError(f"{path.name}: meta/id is not {path.stem}")
        schemas.append(Schema(path.stem, path.name, data, hashlib.sha256(path.read_bytes()).hexdigest()))
    if not schemas:
        raise SchemaError(f"{formats}: no .ksy file")
    return tuple(schemas)


def words(value: Any) -> tuple[str, ...]:
    """A key that takes one word or a list of them, as a tuple."""
    if value is None:
        return ()
    return tuple(str(word) for word in value) if isinstance(value, list) else (str(value),)


def text(value: Any) -> str:
    """A `doc` as one line of prose: line breaks inside paragraphs are folded."""
    paragraphs = re.split(r"\n\s*\n", str(value or "").strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def section(value: Any) -> str:
    """The section number of a `doc-ref` or `section` key: "MS-VHDX 2.2.1" becomes "2.2.1"."""
    return str(value or "").removeprefix("MS-VHDX ").strip()
