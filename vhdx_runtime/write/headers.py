"""The header update: how the headers change without a moment in which none is valid.

Works on the fields of the current header and gives operations; reads and writes nothing. Knows nothing of when a
session needs which new GUID: whoever writes says what changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vhdx_format.layout import (
    HEADER_SIGNATURE,
    PLACES,
    SEQUENCE_NUMBER_MAX,
    STRUCTURES,
)
from vhdx_format.packers import pack_header

from ..codec import encode
from ..errors import IntegrityError
from ..semantics.headers import HeaderCopy, Headers
from .operation import Flush, Operation, Write

NIL: Final = bytes(next(field.size or 0 for field in STRUCTURES["ms_guid"].fields))
"""The GUID that is none."""

_OFFSETS: Final = tuple(place.offset for place in PLACES if place.structure == "header")
_EMPTY: Final = {
    field.id: bytes(field.size or 0) if field.type in ("guid", "bytes") else 0 for field in STRUCTURES["header"].fields
}
_LEFT_OUT: Final = ("signature", "checksum", "reserved")
_PASSES: Final = 2
_RULE: Final = "HDR-019"


@dataclass(frozen=True, slots=True)
class HeaderPair:
    """The two headers, as far as an update has to know them.

    Attributes:
        current: number of the current one, 1 or 2; 0 where there is none.
        fields: of the current one by id, without signature, checksum and reserved bytes; GUIDs as bytes.
    """

    current: int
    fields: Mapping[str, Any]

    @property
    def log_guid(self) -> bytes:
        """LogGuid as stored."""
        return bytes(self.fields.get("log_guid", NIL))


def pair_of(headers: Headers) -> HeaderPair:
    """The pair that selecting the current header found."""
    if headers.current is None:
        return HeaderPair(0, {})
    return HeaderPair(headers.current.number, _fields(headers.current))


def updated(pair: HeaderPair, changes: Mapping[str, Any]) -> tuple[HeaderPair, list[Operation]]:
    """Change the current header, and make the other one its twin.

    Each pass writes the header that is not current, with the next sequence number, flushes, and has it read back:
    then it is the current one. The second pass does the same to the other slot.

    Args:
        pair: the headers as they are.
        changes: fields to change by id, GUIDs as sixteen bytes. "sequence_number" restarts the count with that number.

    Returns:
        The headers after that, and what to do.

    Raises:
        IntegrityError: the sequence number cannot be raised.

    Spec: MS-VHDX 2.2.2.1
    """
    operations: list[Operation] = []
    number = pair.fields.get("sequence_number", 0)
    number = changes.get("sequence_number", number + 1)
    if number + _PASSES - 1 > SEQUENCE_NUMBER_MAX:
        found = f"sequence number {number - 1:#x} cannot be raised"
        raise IntegrityError(f"header {pair.current}: {found} ({_RULE}, MS-VHDX 2.2.2.1)", rule=_RULE, spec="2.2.2.1")
    for sequence_number in range(number, number + _PASSES):
        fields = {**pair.fields, **changes, "sequence_number": sequence_number}
        pair = HeaderPair(2 if pair.current == 1 else 1, fields)
        operations += [Write(_OFFSETS[pair.current - 1], built(fields), is_checked=True), Flush()]
    return pair, operations


def built(fields: Mapping[str, Any]) -> bytes:
    """A header's bytes, sealed, with reserved bytes that are zero. Spec: MS-VHDX 2.2.2."""
    return encode.seal("header", pack_header(**{**_EMPTY, **fields, "signature": HEADER_SIGNATURE}))


def _fields(copy: HeaderCopy) -> dict[str, Any]:
    found = {}
    for field in STRUCTURES["header"].fields:
        if field.id not in _LEFT_OUT:
            value = getattr(copy.fields, field.id)
            found[field.id] = value.raw if field.type == "guid" else value
    return found
