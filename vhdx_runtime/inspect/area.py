"""Where a node's bytes come from and whose they are: what every builder of nodes needs.

Knows a zone of the file, the source that is read there (the file itself, or the file after replay) and the findings
that speak of places in it; makes plain nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..codec.holes import is_zero
from ..codec.overlay import Overlay
from ..codec.source import Source
from ..findings import Finding
from ..portable import next_data
from .claims import Claims, FileExtent, Zone
from .node import Node

SHOWN_BYTES = 64
_STEP = 1 << 20

# Not in the specification: how many bytes are read to find out whether a gap is all zero.
_ZERO_BUDGET = 1 << 25

Findings = Mapping[tuple[int | None, str], tuple[Finding, ...]]


def index(findings: Iterable[Finding]) -> Findings:
    """Findings by file offset and field."""
    found: dict[tuple[int | None, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.place.file_offset, finding.place.field), []).append(finding)
    return {key: tuple(members) for key, members in found.items()}


@dataclass(frozen=True, slots=True)
class Area:
    """One object's part of the file.

    Attributes:
        source: what is read there.
        zone: the bytes that the object owns.
        findings: what is wrong with the file, by place.
        local: what is wrong with the structure at hand, by place.
    """

    source: Source
    zone: Zone
    findings: Findings
    local: Findings = field(default_factory=dict)

    def with_findings(self, found: Iterable[Finding]) -> Area:
        """The same area with further findings, of the structure at hand."""
        more = index(found)
        return replace(self, local={**self.local, **more}) if more else self

    def part(self, claims: Claims, offset: int, length: int, name: str) -> Area:
        """The area of an object inside this one; see `Zone.part`."""
        return replace(self, zone=self.zone.part(claims, offset, offset + length, name))

    def at(self, offset: int | None, field: str) -> tuple[Finding, ...]:
        """The findings at a place; of the structure at hand only rules that the file's findings lack."""
        known = self.findings.get((offset, field), ())
        rules = {finding.rule for finding in known}
        return (*known, *(finding for finding in self.local.get((offset, field), ()) if finding.rule not in rules))

    def within(self, offset: int, size: int) -> Iterator[Finding]:
        """All findings inside a range of the file."""
        for (place, _), found in (*self.findings.items(), *self.local.items()):
            if place is not None and offset <= place < offset + size:
                yield from found

    def node(self, name: str, path: str, kind: str, offset: int, size: int, **others: Any) -> Node:
        """A node of bytes that lie one behind another; see `pieces`."""
        return self.pieces(name, path, kind, ((offset, size),), **others)

    def pieces(self, name: str, path: str, kind: str, parts: tuple[FileExtent, ...], **others: Any) -> Node:
        """A node: its extents, whether replay supplies it, what is missing of it.

        Args:
            name: id in its parent.
            path: address from the root.
            kind: see `Node`.
            parts: file offset and length of each piece, in bytes.
            others: further attributes of the node.
        """
        extents, shared_with = self.zone.share(parts)
        end = self.zone.file_size
        missing = sum(size - max(0, min(size, end - offset)) for offset, size in parts)
        from_log = any(supplied(self.source, offset, size) for offset, size in parts)
        return Node(
            name,
            path,
            kind,
            parts,
            extents,
            shared_with=shared_with,
            missing=missing,
            from_log=from_log,
            source=self.source,
            **others,
        )

    def filled(self, name: str, path: str, kind: str, offset: int, size: int, **others: Any) -> Node:
        """A node of bytes that no field names, and whether they are all zero.

        Args:
            name: id in its parent.
            path: address from the root.
            kind: "free", "reserved" …
            offset: file offset in bytes.
            size: in bytes.
            others: further attributes of the node.
        """
        zero, raw = look(self.source, offset, size)
        stored = base_bytes(self.source, offset, min(size, SHOWN_BYTES))
        return self.node(name, path, kind, offset, size, zero=zero, raw=raw, stored=stored, **others)


def supplied(source: Source, offset: int, size: int) -> bool:
    """True where replay supplies a byte of the range."""
    if not isinstance(source, Overlay) or size <= 0:
        return False
    inside = min(size, source.base.size - offset)
    return source.touches(offset, inside) if inside > 0 else offset < source.size


def base_bytes(source: Source, offset: int, size: int) -> bytes | None:
    """The bytes in the file itself where replay changes them, or None."""
    if not isinstance(source, Overlay) or not supplied(source, offset, size) or offset >= source.base.size:
        return None
    return source.base.read_at(offset, size)


def look(source: Source, offset: int, size: int) -> tuple[bool | None, bytes]:
    """Whether a range is all zero, as far as that is cheaply known, and its first bytes.

    Args:
        source: to be read; holes of a file are not.
        offset: file offset in bytes.
        size: in bytes.

    Returns:
        True, False or None (not known, or nothing there), and at most `SHOWN_BYTES` bytes.
    """
    end = min(offset + size, source.size)
    first = source.read_at(offset, min(size, SHOWN_BYTES)) if offset < end else b""
    if not first:
        return None, b""
    if not is_zero(first):
        return False, first
    budget = _ZERO_BUDGET
    position = offset
    while position < end:
        if source.fd is not None:
            data = next_data(source.fd, position, end)
            if data is None:
                return True, first
            position = data[0]
        if budget <= 0:
            return None, first
        chunk = source.read_at(position, min(_STEP, end - position))
        if not chunk:
            break
        if not is_zero(chunk):
            return False, first
        position += len(chunk)
        budget -= len(chunk)
    return True, first
