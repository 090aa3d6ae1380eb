"""The record types of `layout.py`; their text is copied into it."""

from typing import Final, NamedTuple


class Field(NamedTuple):
    """One field of a structure.

    `offset` is in bytes from the start of the structure, `size` in bytes (of one element, where the field repeats);
    both are None where they vary. `type` is u1, u2, u4, u8, bytes, guid, bits, or a structure's name. Integers are
    little-endian; those of a `vhd_footer`, which is of another format, are big-endian.

    Of a field of type bits, `offset` and `size` are those of the little-endian word that holds it, `bit_offset` counts
    from the word's lowest bit and `bits` is its width. Of any other field the last two are 0.

    `condition` and `repeat` are the expressions of the schema ("eos": to the end). `zero_rule` is the rule that wants
    every byte zero. `encoding` is that of bytes that hold text.
    """

    id: str
    type: str
    offset: int | None = None
    size: int | None = None
    bit_offset: int = 0
    bits: int = 0
    unit: str | None = None
    enum: str | None = None
    encoding: str | None = None
    orig_ids: tuple[str, ...] = ()
    doc: str = ""
    section: str = ""
    zero_rule: str | None = None
    condition: str | None = None
    repeat: str | None = None


class Instance(NamedTuple):
    """A value computed from the fields (kind "value"), or bytes elsewhere in the structure (kind "position").

    `rule` is the rule that wants a boolean one true; `constant` the constant or GUID whose value it has.
    """

    id: str
    kind: str
    unit: str | None = None
    enum: str | None = None
    encoding: str | None = None
    orig_ids: tuple[str, ...] = ()
    doc: str = ""
    rule: str | None = None
    constant: str | None = None


class Checksum(NamedTuple):
    """Where a CRC-32C stands (`field`, a dotted path) and how many bytes it covers: `size`, or `size_field`'s value.

    They count from the structure's first byte; the checksum's own four bytes are taken as zero.
    """

    rule: str
    field: str
    size: int | None = None
    size_field: str | None = None


class Structure(NamedTuple):
    """One structure.

    `parser` names the Kaitai class as "module:Class.Class". `size` is in bytes, None where it varies. `struct_format`
    and `struct_fields` serve the `struct` module where all fields are whole scalars (a GUID is 16s), else they are None
    and ().
    """

    name: str
    schema: str
    parser: str
    size: int | None = None
    fields: tuple[Field, ...] = ()
    section: str = ""
    doc: str = ""
    orig_ids: tuple[str, ...] = ()
    checksum: Checksum | None = None
    struct_format: str | None = None
    struct_fields: tuple[str, ...] = ()
    instances: tuple[Instance, ...] = ()


class Constant(NamedTuple):
    """A constant, limit or default; ASCII bytes where the value is a text."""

    id: str
    value: int | bytes
    unit: str | None = None
    doc: str = ""
    section: str = ""
    orig_ids: tuple[str, ...] = ()


class Guid(NamedTuple):
    """A known GUID: `value` is its text form, `raw` the 16 bytes as stored.

    `required` says whether its object carries the mark of that name; None where it names no object.
    """

    id: str
    value: str
    raw: bytes
    required: bool | None = None
    doc: str = ""
    section: str = ""
    orig_ids: tuple[str, ...] = ()


class Item(NamedTuple):
    """A metadata item that the specification defines: the GUID and the structure of the same name.

    `owner` is what it describes, "file" or "disk"; the entry of the latter is marked IsVirtualDisk. `missing` is the
    rule that wants it there, None where only some files have it. `default` is what a writer may store in its first
    field ("random": a new GUID), `info` its key in what `vhdx info --json` prints.
    """

    id: str
    owner: str
    missing: str | None = None
    default: int | str | None = None
    info: str | None = None


class EnumValue(NamedTuple):
    """One value of an enumeration."""

    value: int
    id: str
    orig_id: str | None = None
    doc: str = ""


class Place(NamedTuple):
    """A structure that stands at a fixed file offset, in bytes."""

    id: str
    structure: str
    offset: int


__all__ = ["Checksum", "Constant", "EnumValue", "Field", "Final", "Guid", "Instance", "Item", "Place", "Structure"]
