"""Other values for fields of structures that are already built, found through the layout, before or after sealing.

Knows how the layout describes fields and nothing of what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vhdx_format.layout import LOG_ENTRY_HEADER_SIZE, LOG_SIZE_DEFAULT, STRUCTURES, Field

from ..codec import encode
from .recipe import BytesOverride, FieldOverride, Override, RecipeError, guid_bytes

_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")
_LENGTH = next(field for field in STRUCTURES["log_entry_header"].fields if field.id == "entry_length")


def finish(
    target: str,
    structure: str,
    raw: bytes,
    overrides: Sequence[Override],
    offsets: Mapping[str, int] | None = None,
) -> bytes:
    """Apply the overrides of one object and seal it in between.

    Args:
        target: name of the object; overrides of other targets are passed over.
        structure: what it is, in the layout; "" for bytes without one.
        raw: its bytes as built.
        overrides: all of the recipe's.
        offsets: where fields start that the layout cannot place ("data_sectors").

    Returns:
        The bytes, of the same length, sealed where the structure has a checksum.

    Raises:
        RecipeError: a field that the structure does not have, a value that does not fit.
    """
    mine = [override for override in overrides if override.target == target]
    for override in mine:
        if override.is_sealed:
            raw = _apply(structure, raw, override, offsets or {})
    if structure and STRUCTURES[structure].checksum is not None:
        raw = _sealed(structure, raw)
    for override in mine:
        if not override.is_sealed:
            raw = _apply(structure, raw, override, offsets or {})
    return raw


def _sealed(structure: str, raw: bytes) -> bytes:
    """Bytes with their checksum; that of a log entry is over as many bytes as the entry claims.

    What it claims behind its own end counts as zero. A claim that no entry of a usual log can make leaves the checksum
    over what was built.

    Spec: MS-VHDX 2.3.1.1
    """
    covered = len(raw)
    if structure == "log_entry":
        start, size = _LENGTH.offset or 0, _LENGTH.size or 0
        claimed = int.from_bytes(raw[start : start + size], "little")
        covered = claimed if LOG_ENTRY_HEADER_SIZE <= claimed <= LOG_SIZE_DEFAULT else covered
    whole = encode.seal(structure, raw[:covered].ljust(covered, b"\0"))
    return whole[: len(raw)] + raw[covered:]


def _apply(structure: str, raw: bytes, override: Override, offsets: Mapping[str, int]) -> bytes:
    if isinstance(override, BytesOverride):
        end = override.offset + len(override.data)
        if end > len(raw):
            raise RecipeError(f"override of {override.target}: bytes {override.offset}..{end} of {len(raw)}")
        return raw[: override.offset] + override.data + raw[end:]
    if not structure:
        raise RecipeError(f"override of {override.target}: it has no fields, only bytes")
    offset, field = _find(structure, override, offsets)
    try:
        return replaced(raw, offset, field, override.value)
    except (OverflowError, ValueError, TypeError) as error:
        raise RecipeError(f"override of {override.target} {override.field}: {error}") from error


def _find(structure: str, override: FieldOverride, offsets: Mapping[str, int]) -> tuple[int, Field]:
    """Offset in the object, and the field, of a path such as "entries[1].length"."""
    base, owner, found = 0, structure, None
    for step in override.field.split("."):
        match = _STEP.fullmatch(step)
        fields = {field.id: field for field in STRUCTURES[owner].fields} if owner in STRUCTURES else {}
        if match is None or match[1] not in fields:
            raise RecipeError(f"override of {override.target}: {owner} has no field {step}")
        found = fields[match[1]]
        start = found.offset if found.offset is not None else offsets.get(found.id, 0)
        base += start + int(match[2] or 0) * _element_size(found)
        owner = found.type
    if found is None or found.type in STRUCTURES:
        raise RecipeError(f"override of {override.target}: {override.field} is a structure, not a field")
    return base, found


def _element_size(field: Field) -> int:
    return (STRUCTURES[field.type].size or 0) if field.type in STRUCTURES else 0


def replaced(raw: bytes, offset: int, field: Field, value: int | bytes | str) -> bytes:
    """Bytes with another value in the place of a field.

    Args:
        raw: the bytes.
        offset: of the field (of the word that holds it, where it is of bits) in them.
        field: what the layout says of it.
        value: integer, bytes, or GUID text.

    Raises:
        OverflowError: an integer that is negative or too large.
        ValueError: a value that does not fit.
    """
    if isinstance(value, str):
        value = guid_bytes(value)
    if isinstance(value, int) and field.bits:
        return _with_bits(raw, offset, field, value)
    size = field.size or len(value if isinstance(value, bytes) else b"")
    data = value.to_bytes(size, "little") if isinstance(value, int) else value
    if len(data) != size or offset + size > len(raw):
        raise ValueError(f"{len(data)} bytes for a field of {size}")
    return raw[:offset] + data + raw[offset + size :]


def _with_bits(raw: bytes, offset: int, field: Field, value: int) -> bytes:
    first, width = field.bit_offset or 0, field.bits or 0
    size = -(-(first + width) // 8)
    if value >> width:
        raise ValueError(f"{value:#x} does not fit in {width} bits")
    word = int.from_bytes(raw[offset : offset + size], "little")
    word = word & ~(((1 << width) - 1) << first) | value << first
    return raw[:offset] + word.to_bytes(size, "little") + raw[offset + size :]
