"""A node of the tree: a structure, a field, a run of blocks, a gap; and how to walk, find and read nodes.

Children are made on demand, so that a tree of any size costs the memory of one branch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as made_by
from typing import Any, TypeAlias

from ..codec.source import Source
from ..findings import Finding
from ..wording import brief
from .claims import FileExtent

Children: TypeAlias = "Callable[[], Iterable[Node]]"
Detail: TypeAlias = "int | str | bool | list[Any] | dict[str, Any] | None"

_STEP = 1 << 20
_DIGITS = 40
_DOT = re.compile(r"\.(?![^\[]*\])")  # not those of "sectors[5..18]"
_INDEXED = re.compile(r"(.+)\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Bit:
    """A bit field of the word that a node shows.

    Attributes:
        name: id of the field.
        bit_offset: its lowest bit, counted from the lowest bit of the word.
        bits: its width.
        value: as stored, or None where the file ends before.
        meaning: name of the value in its enumeration, or "".
        unit: of the value, or None.
    """

    name: str
    bit_offset: int
    bits: int
    value: int | None
    meaning: str = ""
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One node.

    Attributes:
        name: id in its parent.
        path: address from the root.
        kind: what it is: "file", "list", "structure", "field", "word", "run", "payload", "text", "opaque", "free",
            "unknown" …
        parts: file offset and length of each piece, in bytes and in order; more than one where it goes round the log's
            end or has strings elsewhere.
        extents: the bytes of the file that it owns: all of `parts`, less what lies behind the file's end and what
            another node owns; None where the file ends before all of it.
        structure: name of the structure in the layout, or "".
        field: name of the field in that structure, or "".
        value: decoded, or None.
        meaning: what the value says, in words.
        unit: of the value.
        raw: its bytes after replay, as many as are shown.
        stored: the same bytes in the file itself, where replay changes them.
        bits: the fields of a word.
        findings: rules that do not hold here.
        shared_with: paths of the nodes that own its other bytes.
        missing: number of bytes that lie behind the file's end.
        from_log: replay supplies bytes of it.
        zero: all bytes are zero; None where nobody looked.
        note: a remark.
        details: further facts, by name.
        children: makes the nodes below, or None for a leaf.
        lookup: finds a child by its name where there are too many to go through.
        seek: the children that may own a byte of the file, where there are too many to go through.
        source: what `parts` are offsets of.
        series: the arrays of members that have an address below it, by the name that the members have in common, where
            there are too many to go through: "bat", "block" and "bitmap" of the root, each a `series.Series`.
    """

    __repr__ = brief

    name: str
    path: str
    kind: str
    parts: tuple[FileExtent, ...] = ()
    extents: tuple[FileExtent, ...] | None = ()
    structure: str = ""
    field: str = ""
    value: int | str | None = None
    meaning: str = ""
    unit: str | None = None
    raw: bytes = b""
    stored: bytes | None = None
    bits: tuple[Bit, ...] = ()
    findings: tuple[Finding, ...] = ()
    shared_with: tuple[str, ...] = ()
    missing: int = 0
    from_log: bool = False
    zero: bool | None = None
    note: str = ""
    details: Mapping[str, Detail] = made_by(default_factory=dict)
    children: Children | None = None
    lookup: Callable[[str], Node | None] | None = None
    seek: Callable[[int], Iterable[Node]] | None = None
    source: Source | None = None
    series: Mapping[str, Any] = made_by(default_factory=dict)

    @property
    def offset(self) -> int | None:
        """File offset of its first byte, or None for a list."""
        return self.parts[0][0] if self.parts else None

    @property
    def size(self) -> int:
        """Its length in bytes, whether or not the file is that long."""
        return sum(length for _, length in self.parts)

    @property
    def is_leaf(self) -> bool:
        """It has no children; the extents of all leaves are the file."""
        return self.children is None

    def owns(self, file_offset: int) -> bool:
        """True where the byte is its own."""
        return any(start <= file_offset < start + length for start, length in self.extents or ())


def leaves(node: Node) -> Iterator[Node]:
    """Every leaf below a node, or the node itself."""
    if node.children is None:
        yield node
    else:
        for child in node.children():
            yield from leaves(child)


def child(node: Node, name: str) -> Node | None:
    """A child by its name; "entries" finds the list of all children called "entries[…]"."""
    if node.lookup is not None:
        found = node.lookup(name)
        if found is not None:
            return found
    if node.children is None:
        return None
    alike = False
    for candidate in node.children():
        if candidate.name == name:
            return candidate
        match = _INDEXED.fullmatch(candidate.name)
        alike = alike or (match is not None and match[1] == name)
    return _group(node, name) if alike else None


def _group(node: Node, name: str) -> Node:
    def _members() -> Iterator[Node]:
        for candidate in node.children() if node.children else ():
            match = _INDEXED.fullmatch(candidate.name)
            if match is not None and match[1] == name:
                yield candidate

    path = f"{node.path}.{name}" if node.path else name
    return Node(name, path, "list", children=_members)


def number(digits: str) -> int:
    """The index that somebody writes.

    Raises:
        ValueError: it has more digits than the index of anything.
    """
    if len(digits) > _DIGITS:
        raise ValueError(f"an index of {len(digits)} digits: there is none so high")
    return int(digits)


def steps(path: str) -> list[str]:
    """The names of an address, from the root on.

    >>> steps("log.sectors[5..18]")
    ['log', 'sectors[5..18]']
    """
    return _DOT.split(path) if path else []


def resolve(root: Node, path: str) -> tuple[Node, str | None]:
    """Follow an address such as "region_table_2.entries[1].guid" as far as it goes.

    Args:
        root: where the address starts.
        path: names joined by dots; the empty one is the root.

    Returns:
        The last node on the way, and the name that it has no child of; None where the address leads to it.
    """
    node = root
    for name in steps(path):
        found = child(node, name)
        if found is None:
            return node, name
        node = found
    return node, None


def find(root: Node, path: str) -> Node | None:
    """The node at an address, or None; see `resolve`."""
    node, missing = resolve(root, path)
    return node if missing is None else None


def possible(node: Node, file_offset: int) -> Iterable[Node]:
    """The children of a node that may own a byte of the file, or have what does."""
    found = node.seek(file_offset) if node.seek else node.children() if node.children else ()
    return (one for one in found if not one.parts or one.owns(file_offset))


def trail(node: Node, file_offset: int, among: Callable[[Node, int], Iterable[Node]] = possible) -> list[Node]:
    """The nodes from this one down to the leaf that owns a byte of the file; empty where it owns none.

    Args:
        node: where to begin.
        file_offset: of the byte.
        among: gives the children that may have it.
    """
    if node.children is None:
        return [node] if node.owns(file_offset) else []
    for candidate in among(node, file_offset):
        below = trail(candidate, file_offset, among)
        if below:
            return [node, *below]
    return []


def read(node: Node) -> Iterator[bytes]:
    """The bytes of a node in parts of bounded size, after replay where the log changes them."""
    for start, length in node.parts if node.source else ():
        for offset in range(start, start + length, _STEP):
            data = node.source.read_at(offset, min(_STEP, start + length - offset)) if node.source else b""
            if not data:
                break
            yield data


def rename(node: Node, name: str, path: str) -> Node:
    """The same node under another address."""
    return replace(node, name=name, path=path)
