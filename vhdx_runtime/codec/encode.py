"""Fields in, bytes out: builds structures through the generated builders and seals their checksums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vhdx_format.builders import BUILDERS
from vhdx_format.layout import STRUCTURES, Field

from . import checksum

_CHECKSUM_WIDTH = 4


def build(structure: str, fields: Mapping[str, Any]) -> bytes:
    """Build one structure.

    Args:
        structure: its name in the layout.
        fields: values by field id; structures inside it as mappings, repeated ones as lists. What is missing is zero
            (or empty, for lists and for bytes without a fixed size).

    Raises:
        ValueError: a field that the structure does not have, or a value that its width cannot hold.
    """
    try:
        return bytes(BUILDERS[structure].build(_filled(structure, fields)))
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{structure}: {error}") from error
    except Exception as error:  # construct has its own root, ConstructError, which is not worth an import here
        raise ValueError(f"{structure}: {error}") from error


def seal(structure: str, raw: bytes) -> bytes:
    """Return `raw` with the right CRC-32C in the place that the structure declares.

    Args:
        structure: a structure that declares a checksum.
        raw: its bytes; those past the declared size are kept and not covered.
    """
    declared = STRUCTURES[structure].checksum
    if declared is None:
        raise ValueError(f"{structure} has no checksum")
    covered = raw[: declared.size] if declared.size else raw
    start = checksum.position(structure)
    value = checksum.compute(structure, covered).to_bytes(_CHECKSUM_WIDTH, "little")
    return raw[:start] + value + raw[start + _CHECKSUM_WIDTH :]


def _filled(structure: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    known = STRUCTURES[structure].fields
    unknown = set(fields) - {field.id for field in known}
    if unknown:
        raise ValueError(f"{structure} has no field {', '.join(sorted(unknown))}")
    return {field.id: _value(field, fields.get(field.id)) for field in known}


def _value(field: Field, given: Any) -> Any:
    if field.type == "guid":
        return (
            {"raw": given if given is not None else bytes(field.size or 0)} if not isinstance(given, Mapping) else given
        )
    if field.type in STRUCTURES:
        if field.repeat:
            return [_filled(field.type, item) for item in given or ()]
        if given is None and field.condition:
            return None
        return _filled(field.type, given or {})
    if given is not None:
        return given
    return bytes(field.size or 0) if field.type == "bytes" else 0
