"""What a byte of the file is: from the structure down to the field and its bits, and which byte of the disk it holds.

Everything it says comes from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from vhdx_format.layout import LOG_SECTOR_SIZE, ZERO_DESCRIPTOR_SIGNATURE
from vhdx_format.rules import RULES, Rule

from ..codec.source import read_whole
from ..disk.image import Image
from ..semantics.log.entries import LogArea, candidates
from ..semantics.presence import DATA
from . import record
from .log import descriptor_rows
from .node import Bit, Detail, Node, child, trail
from .tree import tree


def origin(image: Image, file_offset: int) -> dict[str, Detail] | None:
    """Which update of the active sequence a byte comes from after replay, or None where it comes from the file.

    Returns:
        Address of the entry, its sequence number and place, number and kind of the descriptor.

    Spec: MS-VHDX 2.3.3
    """
    overlay, ring = image.log.overlay, image.log.area
    if overlay is None or ring is None or file_offset >= overlay.size:
        return None
    _, _, kind = next(iter(overlay.pieces(file_offset, 1)))
    if kind == "page":
        index, number = overlay.pages[file_offset // LOG_SECTOR_SIZE].origin
        return _origin(image, ring, index, number, "data")
    if kind == "zero":
        for index in reversed(range(len(image.log.active))):
            entry = image.log.active[index]
            rows = enumerate(descriptor_rows(ring, entry.log_offset, entry.descriptor_count))
            covering = [n for n, row in rows if _zeroes(row, file_offset)]
            if covering:
                return _origin(image, ring, index, covering[-1], "zero")
        return {"kind": "growth"}
    return None


def _zeroes(row: tuple[bytes, int, int, int, int], file_offset: int) -> bool:
    signature, _, length, target, _ = row
    return signature == ZERO_DESCRIPTOR_SIGNATURE and 0 <= file_offset - target < length


def _origin(image: Image, ring: LogArea, index: int, number: int, kind: str) -> dict[str, Detail]:
    entry = image.log.active[index]
    position = next(i for i, (start, _) in enumerate(candidates(ring)) if start == entry.log_offset)
    path = f"log.entries[{position}]"
    return {
        "kind": kind,
        "path": f"{path}.descriptors[{number}]",
        "entry": path,
        "sequence_number": entry.sequence_number,
        "log_offset": entry.log_offset,
        "file_offset": ring.file_offset(entry.log_offset),
        "descriptor": number,
    }


_GUESTS = 16  # not in the specification: of more blocks over one byte the others are not listed


def explain(image: Image, file_offset: int) -> dict[str, Any]:
    """Explain one byte of the file.

    Args:
        image: the file.
        file_offset: in bytes, below the file's length.

    Returns:
        Plain values; the keys are those of `vhdx explain --file --json`.

    Raises:
        ValueError: the file has no such byte.
    """
    if not 0 <= file_offset < image.source.size:
        raise ValueError(f"the file has {image.source.size} bytes; there is none at {file_offset}")
    root = tree(image)
    branch = trail(root, file_offset)[1:]
    leaf = branch[-1]
    inside = _inside(leaf, file_offset)
    bits = [bit for bit in leaf.bits if bit.bit_offset < inside * 8 + 8 and bit.bit_offset + bit.bits > inside * 8]
    return {
        "file": image.name,
        "file_offset": file_offset,
        "byte": read_whole(image.source, file_offset, 1)[0],
        "byte_after_replay": read_whole(image.view, file_offset, 1)[0],
        "from_log": origin(image, file_offset),
        "path": leaf.path,
        "offset_in_node": inside,
        "nodes": [_node(node) for node in branch],
        "bits": [_bit(leaf, bit) for bit in bits],
        "rules": _rules(image, branch, bits),
        "guests": _guests(image, root, file_offset),
        "about": _about(image, branch, inside),
    }


def _inside(node: Node, file_offset: int) -> int:
    """Position of a byte of the file in the bytes of a node."""
    done = 0
    for start, length in node.parts:
        if start <= file_offset < start + length:
            return done + file_offset - start
        done += length
    return 0


def _node(node: Node) -> dict[str, Any]:
    said = record.record(node, doc=True)
    said.pop("rules", None)
    return said


def _bit(node: Node, bit: Bit) -> dict[str, Any]:
    doc = record.words(node.structure, bit.name).get("doc", "")
    place = {"bit_offset": bit.bit_offset, "bits": bit.bits}
    return {"name": bit.name, **place, "value": bit.value, "meaning": bit.meaning, "unit": bit.unit, "doc": doc}


def _rules(image: Image, branch: Sequence[Node], bits: Sequence[Bit]) -> list[dict[str, Any]]:
    """The rules that speak of the field, or of the bits, and whether they are broken; None where nobody looked."""
    leaf = branch[-1]
    is_judged = all(node.details.get("is_judged", True) for node in branch)
    broken = {finding.rule: finding for finding in leaf.findings}
    names = [bit.name for bit in bits] or [leaf.field]
    speaking = {rule for name in names for rule in record.rules(leaf.structure, name)} if any(names) else set()
    tags = {str(leaf.details.get("owner", "")), *(image.geometry.tags if image.geometry else ())}
    return [
        {
            "id": name,
            "text": rule.text,
            "section": rule.section,
            "verdict": broken[name].verdict if name in broken else rule.verdict,
            "is_broken": True if name in broken else False if is_judged and _decided(rule) else None,
        }
        for name, rule in RULES.items()
        if name in broken or (name in speaking and set(rule.applies) <= tags)
    ]


def _decided(rule: Rule) -> bool:
    """True for rules that making the tree decides; the others need more of the file than one structure."""
    return rule.kind != "function" or rule.stage == "open"


def _guests(image: Image, root: Node, file_offset: int) -> list[dict[str, Any]]:
    """The bytes of the disk that a byte of the file belongs to: one, or more where blocks overlap."""
    blocks = child(root, "blocks")
    if blocks is None or blocks.seek is None or image.geometry is None or image.mapping is None:
        return []
    found = []
    for block in islice((node for node in blocks.seek(file_offset) if node.kind == "payload"), _GUESTS):
        virtual_offset = _number(block, "virtual_offset") + file_offset - (block.offset or 0)
        if virtual_offset < image.size:
            piece = next(iter(image.mapping.pieces(virtual_offset, 1)))
            is_read = piece.kind == DATA and piece.file_offset == file_offset
            number = virtual_offset // image.geometry.block_size
            found.append({"virtual_offset": virtual_offset, "block": number, "is_read": is_read})
    return found


def _about(image: Image, branch: Sequence[Node], inside: int) -> dict[str, Any] | None:
    """What the byte speaks of: the block of an entry, the sectors of bits in a bitmap, the target of an update."""
    leaf = branch[-1]
    if leaf.structure == "bat_entry" and leaf.kind == "word":
        return {"kind": leaf.details["owner"], "number": leaf.details["number"]}
    if leaf.kind == "bitmap_bits" and image.geometry is not None:
        sector = image.geometry.logical_sector_size
        first = _number(leaf, "first_block") * image.geometry.block_size + inside * 8 * sector
        return {"kind": "sectors", "virtual_offset": first, "length": 8 * sector}
    above = branch[-2] if len(branch) > 1 else leaf
    if "target" not in above.details:
        return None
    place = inside
    if leaf.field == "data":
        place += (leaf.offset or 0) - (above.offset or 0)
    elif leaf.field == "trailing_bytes":
        place += LOG_SECTOR_SIZE - leaf.size
    elif leaf.field != "leading_bytes":
        return None
    status = next((node.details["status"] for node in branch if "status" in node.details), "")
    return {"kind": "update", "file_offset": _number(above, "target") + place, "status": status}


def _number(node: Node, name: str) -> int:
    return int(str(node.details[name]))
