"""Every field of an object, found through the layout, with the bytes of the structure that owns it.

Follows structures inside structures and the elements of repeated ones, as the parser found them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .format import Format, Root

ELEMENTS_SEEN = 6


class Place(NamedTuple):
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


def places(form: Format, root: Root) -> Iterator[Place]:
    """Every field of an object that has a place of its own.

    Args:
        form: the format.
        root: the object.
    """
    yield from _inside(form, root, root.structure, "", 0, root.raw)


def _inside(form: Format, root: Root, name: str, prefix: str, start: int, raw: bytes) -> Iterator[Place]:
    parsed = form.parse(name, raw)
    for field in form.structures[name].fields:
        path = prefix + field.id
        inner = form.structures.get(field.type)
        if inner is None:
            if field.offset is not None and field.size and field.offset + field.size <= len(raw):
                yield Place(root.target, root.group, path, name, field, start, raw, root.offset + start)
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
