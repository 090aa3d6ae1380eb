"""What a person says of a file that it does not say itself any more: values by the names that the schema gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from vhdx_format.layout import GUIDS, STRUCTURES
from vhdx_format.rules import RULES

from ..codec import decode, encode
from ..semantics.metadata import NEEDED

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_RESERVED: Final = "reserved"
_NIL: Final = "nil"
_OFFSET: Final = next(field for field in STRUCTURES["region_table_entry"].fields if field.id == "file_offset")
FIELDS: Final = {
    **{field.id: (name, field) for name in NEEDED for field in STRUCTURES[name].fields if field.id != _RESERVED},
    **{field.id: ("header", field) for field in STRUCTURES["header"].fields if field.id == "log_guid"},
    **{name: ("region_table_entry", _OFFSET) for name in GUIDS if name.endswith("_region")},
}
"""Names that may be given, each with its structure and its field."""


def value(name: str, text: str, number: int | None) -> int | bytes:
    """A value as it is stored: a GUID as sixteen bytes, anything else as a number.

    Raises:
        ValueError: there is no such name, or the value breaks a rule of its structure.

    >>> value("block_size", "2M", 2 << 20)
    2097152
    """
    if name not in FIELDS:
        raise ValueError(f"{name} is nothing that can be set; expected one of {', '.join(sorted(FIELDS))}")
    structure, field = FIELDS[name]
    try:
        made = number if field.type != "guid" else bytes(16) if text == _NIL else UUID(text).bytes_le
        if made is None:
            raise ValueError("no number")
        if isinstance(made, int) and not 0 <= made < 1 << 8 * (field.size or 0):
            raise ValueError(f"does not fit into the {field.size} bytes of the field")
        built = encode.build(structure, {field.id: made}) if structure != "header" else b""
    except ValueError as error:
        raise ValueError(f"{name}={text}: {error}") from error
    if built:
        placed = decode.structure(structure, built, 0)
        for finding in decode.findings(placed):
            if field.id in finding.declaration.fields:
                raise ValueError(f"{name}={text}: {finding.found}, expected {finding.expected} ({finding.rule})")
    return made


def of_rule(rule: str) -> tuple[str, ...]:
    """Names that may be given for the fields of a metadata item on which a rule is; none where it is on others."""
    declared = RULES[rule]
    return tuple(name for name in declared.fields if declared.structure in NEEDED and name in FIELDS)


def missing(names: Iterable[str]) -> str:
    """What to say for some names, in words."""
    return "say what the file does not: " + " ".join(f"--set {name}=…" for name in names)
