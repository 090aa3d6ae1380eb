"""The page: a template, a style, a script and the facts of one image, in one file that asks nothing of anybody.

The content security policy names style and script by their digests and allows nothing else; the facts stand in the page
compressed, as letters that mean nothing in HTML.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Any

from vhdx_format import layout

from ..check import Report, check_image, check_in_chain
from ..codec.holes import data_ranges
from ..codec.overlay import Overlay, merge_ranges
from ..codec.source import Source
from ..disk.chain import Chain
from ..disk.image import Image
from ..semantics.log.entries import data_offset
from ..wording import shown as safe
from . import table
from .facts import facts
from .nodes import Findings, Nodes

# Not in the specification: what a page may hold, and how much is read to find it.
BYTES_MAX = 1 << 20
_READ_MAX = 1 << 26
_OPAQUE_MAX = 1 << 12
_STEP = 1 << 20
_PAGE = layout.LOG_SECTOR_SIZE


@dataclass(slots=True)
class Layer:
    """Pages of bytes by their number.

    Attributes:
        pages: number of a page to its bytes, fewer than a page at the file's end.
        zeros: numbers of pages that were seen to be zero, as ranges.
    """

    pages: dict[int, bytes] = field(default_factory=dict)
    zeros: list[tuple[int, int]] = field(default_factory=list)

    def segments(self) -> list[tuple[int, bytes]]:
        """Pages that follow one another as one: file offset and bytes, in ascending order."""
        found: list[tuple[int, list[bytes]]] = []
        following = -1
        for number in sorted(self.pages):
            if number == following:
                found[-1][1].append(self.pages[number])
            else:
                found.append((number * _PAGE, [self.pages[number]]))
            following = number + 1
        return [(offset, b"".join(pieces)) for offset, pieces in found]


class _Budget:
    def __init__(self) -> None:
        self.bytes = BYTES_MAX
        self.read = _READ_MAX
        self.is_enough = True


def gather(image: Image, left_out: list[str]) -> tuple[dict[str, Any], bytes]:
    """The bytes for a page.

    Args:
        image: the file.
        left_out: takes what there was no room for, in words.

    Returns:
        Where they are: for "file" and "replayed" the file offset and length of each segment, and in "zeros" ranges of
        the file that are zero; all segments one behind another.

    Spec: MS-VHDX 2.1
    """
    file, replayed, budget = Layer(), Layer(), _Budget()
    for start, end in _wanted(image):
        _add(file, image.source, start, min(end, image.source.size), budget)
    if isinstance(image.view, Overlay):
        _add_replayed(image, image.view, file, replayed, budget)
    if not budget.is_enough:
        left_out.append("some bytes of structures, which the folds among the bytes name")
    segments = {"file": file.segments(), "replayed": replayed.segments()}
    places = {name: [[offset, len(data)] for offset, data in found] for name, found in segments.items()}
    places["zeros"] = [[start, end - start] for start, end in merge_ranges(file.zeros)]
    return places, b"".join(data for found in segments.values() for _, data in found)


def _wanted(image: Image) -> Iterator[tuple[int, int]]:
    """Ranges of the file that hold structures, the most telling ones first."""
    yield 0, layout.HEADER_SECTION_SIZE
    regions = image.regions
    for region in regions.entries:
        if region is regions.get("metadata"):
            yield region.file_offset, min(region.end, region.file_offset + layout.METADATA_TABLE_SIZE)
    for item in image.metadata.items:
        yield item.file_offset, item.file_offset + min(item.length, layout.METADATA_ITEM_LENGTH_MAX)
    ring = image.log.area
    if ring is not None:
        for entry in image.log.entries():
            sectors = 1 if entry.broken else data_offset(entry.descriptor_count) // _PAGE
            for number in range(sectors):
                place = ring.file_offset(entry.log_offset + number * _PAGE)
                yield place, place + _PAGE
    for region in regions.entries:
        if region.name is None:
            yield region.file_offset, min(region.end, region.file_offset + _OPAQUE_MAX)
        elif region is regions.get("metadata"):
            yield region.file_offset, region.end
    if ring is not None:
        yield ring.offset, ring.offset + ring.length


def _add(layer: Layer, source: Source, start: int, end: int, budget: _Budget) -> None:
    """Take the pages of a range that are not zero, and note those that are."""
    position = start - start % _PAGE
    for first, last in data_ranges(source, position, end - position):
        first -= first % _PAGE
        if position < first:
            layer.zeros.append((position, first))
        position = max(position, first)
        while position < last and budget.read > 0:
            chunk = source.read_at(position, min(_STEP, -(-last // _PAGE) * _PAGE - position, budget.read))
            if not chunk:
                return
            budget.read -= len(chunk)
            _take(layer, position, chunk, budget)
            position += len(chunk)
        if position < last:
            budget.is_enough = False
            return
    if position < end:
        layer.zeros.append((position, end))


def _take(layer: Layer, position: int, chunk: bytes, budget: _Budget) -> None:
    for inside in range(0, len(chunk), _PAGE):
        piece = chunk[inside : inside + _PAGE]
        number = (position + inside) // _PAGE
        if number in layer.pages:
            continue
        if piece.count(0) == len(piece):
            layer.zeros.append((position + inside, position + inside + len(piece)))
        elif budget.bytes >= len(piece):
            layer.pages[number] = piece
            budget.bytes -= len(piece)
        else:
            budget.is_enough = False


def _add_replayed(image: Image, view: Overlay, file: Layer, replayed: Layer, budget: _Budget) -> None:
    """The pages that replay changes inside structures, and what the file holds there; not those of blocks."""
    for number in sorted(view.pages):
        start = number * _PAGE
        if not _is_structure(image, start):
            continue
        before = file.pages.get(number) or image.source.read_at(start, _PAGE)
        if budget.bytes < 2 * _PAGE:
            budget.is_enough = False
            return
        replayed.pages[number] = view.page_bytes(number)
        budget.bytes -= _PAGE
        if number not in file.pages and before.count(0) != len(before):
            file.pages[number] = before
            budget.bytes -= len(before)
        elif before and before.count(0) == len(before):
            file.zeros.append((start, start + len(before)))


def _is_structure(image: Image, offset: int) -> bool:
    if offset < layout.HEADER_SECTION_SIZE:
        return True
    if any(region.file_offset <= offset < region.end for region in image.regions.entries):
        return True
    return image.log.offset <= offset < image.log.offset + image.log.length


SIZE_MAX = 5 << 20
"""No page is larger, in bytes."""

# In the order in which they stand in the page; each uses only what stands before it, or runs after all of them.
_SCRIPTS = (
    "text", "facts", "runs", "owners", "bytes", "list", "select", "tree", "hex", "detail", "picture", "map",
    "effective", "disk", "findings", "search", "main",
)  # fmt: skip
# Entries and runs of the table up to which the tree also lists what nobody owns: it takes a pass over all of them.
_ENTRIES_LISTED = 1 << 21
_RUNS_LISTED = 50_000
_MARGIN = 1 << 12


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page.

    Attributes:
        html: the text of the file, to be written as UTF-8: at most `SIZE_MAX` bytes.
        report: of the check whose findings the page shows.
    """

    html: str
    report: Report


def page(image: Image, progress: Callable[[int], None] | None = None, chain: Chain | None = None) -> HtmlPage:
    """Describe a file as a page for browsers.

    Args:
        image: the file, loaded as far as it goes.
        progress: called now and then with the number of bytes of the block allocation table that were dealt with.
        chain: the file's chain as far as it goes, or None where no parent was looked for. The page says whether it
            holds and shows nothing of the parents.
    """
    report = check_in_chain(chain, progress) if chain else check_image(image, progress)
    findings = Findings()
    for finding in report.findings:
        findings.add(finding)
    found = table.runs(image)
    nodes = Nodes(findings)
    is_small = found is None or (found.end <= _ENTRIES_LISTED and len(found.first) <= _RUNS_LISTED)
    nodes.load(image, unclaimed=is_small)
    said = facts(image, chain, report, nodes, findings)
    places, data = gather(image, said["left_out"])
    said |= {"bytes": places, "runs": None, "overview": None}
    parts = {"STYLE": _asset("page.css"), "SCRIPT": _script(), "BYTES": table.packed(data), "RUNS": ""}
    if found is not None:
        others = (_asset("page.html"), table.packed(_json(said)), *parts.values())
        room = SIZE_MAX - _MARGIN - sum(len(text.encode()) for text in others)
        parts["RUNS"] = _runs(image, found, said, room)
    parts["POLICY"] = _policy(parts["STYLE"], parts["SCRIPT"])
    parts["TITLE"] = escape(safe(image.name)).encode("ascii", "xmlcharrefreplace").decode()
    parts["FACTS"] = table.packed(_json(said))
    return HtmlPage(_filled(parts), report)


def _runs(image: Image, found: table.Runs, said: dict[str, Any], room: int) -> str:
    """The table's runs in at most `room` letters; what is left out is counted by cells, among what is said."""
    kept, letters = table.fitting(found, max(0, room))
    if image.bat is not None and kept.end < image.bat.entry_count:
        said["overview"] = table.overview(image)
        kept, letters = table.fitting(kept, max(0, room - len(table.packed(_json(said["overview"])))))
    said["runs"] = {"count": len(kept.first), "end": kept.end, "widths": table.WIDTHS}
    return letters


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _policy(style: str, script: str) -> str:
    own = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    closed = "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    return f"default-src 'none'; {own}; {closed}"


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text("utf-8")


def _script() -> str:
    return '"use strict";\n' + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)


def _filled(parts: dict[str, str]) -> str:
    """The template with its parts, in one pass: a part may hold what looks like the place of another."""
    pieces = re.split(r"\{\{([A-Z]+)\}\}", _asset("page.html"))
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))
