"""The tree of a file's fields as plain values, as many nodes as a page can hold.

A branch is cut level by level, so that what stands high is there before what stands below it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..disk.image import Image
from ..disk.summary import describe
from ..findings import Finding
from ..inspect import Node, render, tree

# Not in the specification: what a page may hold.
NODES_MAX = 16_000
_BRANCH_MAX = 5_000
_TEXT_MAX = 250_000  # characters of texts that are longer than a line
_EXACT = 1 << 53  # integers from here on are not exact in a browser
_MADE_THERE = {"bat", "blocks", "bitmaps"}
_UNCLAIMED = "unclaimed"


class Findings:
    """Findings in the order in which they came, each once, by number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int | None, str], int] = {}
        self.records: list[dict[str, Any]] = []

    def add(self, finding: Finding) -> int:
        """The number of a finding."""
        place = finding.place
        key = (finding.rule, place.file_offset, place.field)
        if key not in self._numbers:
            self._numbers[key] = len(self.records)
            more = {"found": finding.found, "expected": finding.expected}
            self.records.append(describe(finding) | more)
        return self._numbers[key]


class Nodes:
    """The nodes of one file.

    Args:
        findings: takes the findings of the nodes.

    Attributes:
        records: plain values of each node; `parent` is the number of the node above it.
        names: structures and fields of which nodes were made.
        left_out: addresses of the nodes of which not all children are there.
    """

    def __init__(self, findings: Findings) -> None:
        self.records: list[dict[str, Any]] = []
        self.names: set[tuple[str, str]] = set()
        self.left_out: list[str] = []
        self._findings = findings
        self._text = _TEXT_MAX

    def load(self, image: Image, *, unclaimed: bool) -> None:
        """Go through the tree of a file.

        Args:
            image: the file.
            unclaimed: also list what no structure owns, which takes a pass over all blocks.
        """
        root = tree(image)
        top = self._add(root, None)
        for child in root.children() if root.children else ():
            if child.name in ("blocks", "bitmaps") or (child.name == _UNCLAIMED and not unclaimed):
                continue
            self._branch(child, top)

    def _branch(self, node: Node, parent: int) -> None:
        """A node and what is below it, level by level."""
        waiting = deque([(node, self._add(node, parent))])
        room = min(_BRANCH_MAX, NODES_MAX - len(self.records))
        while waiting:
            above, number = waiting.popleft()
            if above.children is None or above.name in _MADE_THERE:
                continue
            children = above.children()
            for child in islice(children, max(0, room)):
                room -= 1
                waiting.append((child, self._add(child, number)))
            if room <= 0 and next(iter(children), None) is not None:
                self.records[number]["more"] = True
                self.left_out.append(above.path or "the file")

    def _add(self, node: Node, parent: int | None) -> int:
        self.names.add((node.structure, node.field))
        self.names.update((node.structure, bit.name) for bit in node.bits)
        self.records.append(dict(self._values(node, parent)))
        return len(self.records) - 1

    def _values(self, node: Node, parent: int | None) -> Iterator[tuple[str, Any]]:
        yield "parent", parent
        yield "name", node.name
        yield "path", node.path
        yield "kind", node.kind
        if node.offset is not None:
            yield "offset", number(node.offset)
            yield "size", number(node.size)
        yield "extents", [list(extent) for extent in node.extents or ()]
        optional = {
            "structure": node.structure,
            "field": node.field,
            "value": render.value_text(node),
            "note": node.note,
            "shared": list(node.shared_with),
            "missing": number(node.missing),
            "from_log": node.from_log,
            "zero": bool(node.zero),
            "bits": [_bit(bit) for bit in node.bits],
            "findings": [self._findings.add(finding) for finding in node.findings] if node.kind != "file" else [],
            "details": {key: number(value) for key, value in node.details.items() if value is not None},
        }
        if node.stored is not None and node.stored != node.raw:
            optional["stored"] = node.stored.hex(" ")
        if isinstance(node.value, str) and len(node.value) > render.TEXT_SHOWN:
            optional["text"] = self._whole(node.value)
        yield from ((key, value) for key, value in optional.items() if value)

    def _whole(self, text: str) -> str:
        """A long text, as much of it as there is room for."""
        kept = text[: self._text]
        self._text -= len(kept)
        return kept


def _bit(bit: Any) -> dict[str, Any]:
    found = {"name": bit.name, "bit_offset": bit.bit_offset, "bits": bit.bits, "value": number(bit.value)}
    return found | {key: value for key, value in (("meaning", bit.meaning), ("unit", bit.unit)) if value}


def number(value: Any) -> Any:
    """A value as a browser can hold it: integers that it would round are text, in hex."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT:
        return f"{value:#x}"
    return value
