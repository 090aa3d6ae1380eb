"""What the engine is told of a form, and what it changes: fields of objects that lie in an image.

The generated tables of a schema have these shapes as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Tables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """A form, as generated from its schemas.

    Attributes:
        structures: name → structure: `fields`, `size`, `checksum`.
        constants: name → constant: `value`.
        guids: name → GUID: `raw`; empty where the format has none.
        enums: name → value → its record.
        rules: id → rule: `structure`, `fields`, `kind`, `provable`.
        claims: name of a structure → claims on it: `rule`, `instance`, `needs`.
        parse: the generated parser: structure and bytes → object with its fields, read as far as the bytes go.
        broken: structure and bytes → ids of the rules of that structure alone that do not hold.
        put: bytes, offset in them, field and value → the bytes with that value in the field's place.
    """

    structures: Tables
    constants: Tables
    guids: Tables
    enums: Tables
    rules: Tables
    claims: Tables
    parse: Callable[[str, bytes], Any]
    broken: Callable[[str, bytes], frozenset[str]]
    put: Callable[[bytes, int, Any, Any], bytes]


class Root(NamedTuple):
    """An object of an image that stands by itself.

    Attributes:
        target: its name in edits.
        structure: what it is.
        raw: its bytes.
        offset: in the image, in bytes.
        group: objects of one group are copies of each other, to be changed one by one or all alike.
    """

    target: str
    structure: str
    raw: bytes
    offset: int
    group: str


class Edit(NamedTuple):
    """Another value in one place.

    Attributes:
        target: the object.
        path: of the field in it, dots between steps.
        value: an integer for the field as a whole, or bytes.
        offset: of the bytes in the object; None for an integer.
        is_sealed: the object's checksum is computed after the change.
    """

    target: str
    path: str
    value: int | bytes
    offset: int | None = None
    is_sealed: bool = True


class Subject(Protocol):
    """An image to start from."""

    @property
    def name(self) -> str:
        """A short name, unique among the subjects."""
        ...

    @property
    def roots(self) -> Sequence[Root]:
        """Its objects."""
        ...

    @property
    def landmarks(self) -> Sequence[int]:
        """Where objects start and end, and where the image ends, in bytes."""
        ...

    @property
    def shapes(self) -> Sequence[Any]:
        """Changes of its shape, each a tuple of values that `judge` takes like edits."""
        ...

    @property
    def paired(self) -> Collection[str]:
        """What those shapes are about that are also tried together with fields."""
        ...

    def is_wanted(self, path: str) -> bool:
        """Whether to change a field; its path begins with the name of its object."""
        ...

    def cut(self, length: int) -> Sequence[Any]:
        """The change that leaves so many bytes of the image."""
        ...

    def judge(self, edits: Sequence[Any]) -> frozenset[str] | None:
        """Ids of the rules that the image breaks once it is changed; None where it cannot be made."""
        ...


ELEMENTS_SEEN = 6


class FieldPlace(NamedTuple):
    """A field in an image.

    Attributes:
        target: the object that holds it.
        group: of that object.
        path: of the field in the object.
        owner: the structure that the field belongs to.
        field: what the layout says of it.
        owner_offset: of that structure in the object, in bytes.
        owner_raw: its bytes.
        image_offset: of that structure in the image, in bytes.
    """

    target: str
    group: str
    path: str
    owner: str
    field: Any
    owner_offset: int
    owner_raw: bytes
    image_offset: int

    @property
    def offset(self) -> int:
        """Of the field in its object, in bytes."""
        return self.owner_offset + (self.field.offset or 0)

    @property
    def general(self) -> str:
        """Structure and field, the same for every such field of every image."""
        return f"{self.owner}.{self.field.id}"


def places(form: Format, root: Root) -> Iterator[FieldPlace]:
    """Every field of an object that has a place of its own."""
    yield from _inside(form, root, root.structure, "", 0, root.raw)


def _inside(form: Format, root: Root, name: str, prefix: str, start: int, raw: bytes) -> Iterator[FieldPlace]:
    parsed = form.parse(name, raw)
    for field in form.structures[name].fields:
        path = prefix + field.id
        inner = form.structures.get(field.type)
        if inner is None:
            if field.offset is not None and field.size and field.offset + field.size <= len(raw):
                yield FieldPlace(root.target, root.group, path, name, field, start, raw, root.offset + start)
        else:
            for index, offset in _starts(field, inner, parsed):
                part = raw[offset : offset + (inner.size or len(raw))]
                step = path if index is None else f"{path}[{index}]"
                yield from _inside(form, root, field.type, f"{step}.", start + offset, part)


def _starts(field: Any, inner: Any, parsed: Any) -> Iterator[tuple[int | None, int]]:
    """Index and offset of each structure that a field holds, as it was read."""
    value = vars(parsed).get(field.id)
    if value is None:
        return
    known = parsed._debug[field.id]
    if not field.repeat:
        yield None, known["start"]
        return
    first = known["start"] if field.offset is None else field.offset
    indexes = range(len(value))
    for index in sorted({*indexes[:ELEMENTS_SEEN], *indexes[-1:]}):
        yield index, first + index * (inner.size or 0)
