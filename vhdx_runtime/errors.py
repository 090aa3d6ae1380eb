"""The errors that reading a VHDX can raise, and the place that they speak of.

Knows the shape of an error and nothing of the format. A class is a thing that a caller does; the reason is a rule id.

::

    VhdxError                  .rule, .place, .spec
    ├── FormatError            these bytes are not that structure
    ├── IntegrityError         decodable, but contradicts itself
    ├── UnsupportedError       valid, but requires what is not implemented here
    └── ChainError             a parent is missing, mismatched, looping or outside the allowed places
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where in a file something stands.

    Attributes:
        structure: name of the structure, as in the schema, or of a copy of it ("header 2").
        field: name of the field, or "" for the structure as a whole.
        file_offset: absolute file offset in bytes, or None where there is none (a missing item, say).
    """

    structure: str
    field: str = ""
    file_offset: int | None = None

    def __str__(self) -> str:
        name = f"{self.structure} {self.field}".rstrip()
        return name if self.file_offset is None else f"{name} at {self.file_offset:#x}"


class VhdxError(Exception):
    """Root of everything that this package raises about an image.

    Attributes:
        rule: id of the broken rule, such as "HDR-002", or None (an I/O error, say).
        place: where in the file, or None.
        spec: section of MS-VHDX, such as "2.2.2", or None.
    """

    def __init__(
        self, message: str, *, rule: str | None = None, place: Place | None = None, spec: str | None = None
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.place = place
        self.spec = spec


class FormatError(VhdxError):
    """These bytes are not that structure: truncated, wrong signature, undecodable."""


class IntegrityError(VhdxError):
    """Decodable, but contradicts itself: checksum, sequence, bounds."""


class UnsupportedError(VhdxError):
    """Valid, but requires what is not implemented here: an unknown required region or item, a version."""


class ChainError(VhdxError):
    """A parent is missing, mismatched, looping or outside the allowed places."""
