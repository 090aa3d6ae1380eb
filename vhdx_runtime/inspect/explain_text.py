"""The explanation of a byte as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..wording import shown as safe
from .render import size_text

_WIDTH = 16

_ANSWERS = {
    "data": "in this file",
    "zero": "defined as zeros",
    "hole": "stored nowhere: zeros",
    "parent": "left to the parent",
    "unreadable": "cannot be read",
}
_JUDGED = {False: "holds", None: "not judged here"}


def of_file(record: dict[str, Any]) -> Iterator[str]:
    """Lines for what `explain_file.explain` returns."""
    replayed = record["byte_after_replay"]
    changed = f", {replayed:#04x} after replay" if replayed != record["byte"] else ""
    yield f"file offset {record['file_offset']:#x} of {safe(record['file'])}: {record['byte']:#04x}{changed}"
    for level, node in enumerate(record["nodes"]):
        yield "  " * level + _line(node["path"], _node(node))
        if node.get("doc"):
            yield "  " * level + _line("", " ".join(node["doc"].split()) + _section(node))
    yield _line("byte", f"{record['offset_in_node']} of {record['path']}")
    for bit in record["bits"]:
        yield _line("bits", _bits(bit))
    if record["from_log"]:
        yield _line("after replay", _origin(record["from_log"]))
    for guest in record["guests"]:
        where = "" if guest["is_read"] else ", which the disk does not read from here"
        yield _line("holds", f"byte {guest['virtual_offset']:#x} of the disk, in block {guest['block']}{where}")
    if record["about"]:
        yield _line("speaks of", _about(record["about"]))
    for rule in record["rules"]:
        state = f"BROKEN ({rule['verdict']})" if rule["is_broken"] else _JUDGED[rule["is_broken"]]
        yield _line(rule["id"], f"{state}: {' '.join(rule['text'].split())}{_section(rule)}")


def _line(name: str, text: str) -> str:
    return f"  {safe(name):<{_WIDTH}}  {text}".rstrip()


def _section(record: dict[str, Any]) -> str:
    section = record.get("section", "")
    return f" (MS-VHDX {section})" if section[:1].isdigit() else ""


def _node(node: dict[str, Any]) -> str:
    parts = [node["kind"] if node["offset"] is None else f"{size_text(node['size'])} at {node['offset']:#x}"]
    if node.get("value") is not None:
        value = node["value"]
        parts.append(f"{value} ({value:#x})" if isinstance(value, int) else f'"{safe(value)}"')
    parts += [safe(str(node[key])) for key in ("unit", "meaning", "note") if node.get(key)]
    if node.get("zero"):
        parts.append("all zero")
    if node.get("hex_in_file"):
        parts.append(f"the file holds {node['hex_in_file']}")
    if node.get("shared_with"):
        parts.append(f"shared with {', '.join(map(safe, node['shared_with']))}")
    return ", ".join(parts)


def _bits(bit: dict[str, Any]) -> str:
    last = bit["bit_offset"] + bit["bits"] - 1
    place = f"bit {last}" if bit["bits"] == 1 else f"bits {bit['bit_offset']} to {last}"
    unit = f" × {bit['unit']}" if bit["unit"] else ""
    meaning = f" ({bit['meaning']})" if bit["meaning"] else ""
    return f"{bit['name']} = {bit['value']}{unit}{meaning}, {place}. {' '.join(bit['doc'].split())}".rstrip()


def _origin(origin: dict[str, Any]) -> str:
    if origin["kind"] == "growth":
        return "zeros, as the log lets the file grow"
    what = "set to zero by" if origin["kind"] == "zero" else "supplied by"
    return f"{what} {origin['path']}, sequence number {origin['sequence_number']}, entry at {origin['file_offset']:#x}"


def _about(about: dict[str, Any]) -> str:
    if about["kind"] == "sectors":
        return f"the sectors from {about['virtual_offset']:#x} of the disk on, {size_text(about['length'])} in all"
    if about["kind"] == "update":
        replayed = "" if about["status"] == "live" else f", which is not replayed (the entry is {about['status']})"
        return f"an update of file offset {about['file_offset']:#x}{replayed}"
    names = {"payload": "payload block", "sector_bitmap": "the sector bitmap of chunk", "unused": "no block; slot"}
    return f"{names[about['kind']]} {about['number']}"


def of_disk(record: dict[str, Any]) -> Iterator[str]:
    """Lines for what `explain_disk.explain` returns."""
    byte = "" if record["byte"] is None else f": {record['byte']:#04x}"
    yield f"offset {record['virtual_offset']:#x} of the disk in {safe(record['file'])}{byte}"
    for step in record["steps"]:
        yield from _step(step)
    place = f" at file offset {record['file_offset']:#x}" if record["file_offset"] is not None else ""
    yield _line("in the end", f"{record['kind']}, decided by {safe(record['found_in'])}{place}")


def _step(step: dict[str, Any]) -> Iterator[str]:
    yield f"depth {step['depth']}: {safe(step['file'])}"
    entry = step["entry"]
    if entry is not None:
        yield _line("block", f"{step['block']}, byte {step['offset_in_block']:#x} of it")
        yield from _entry(entry)
    if step["bitmap"] is not None:
        yield from _bitmap(step["bitmap"])
    yield _line("answer", safe(step["reason"]) or _ANSWERS.get(step["answer"], step["answer"]))
    if step["data_from_log"]:
        yield _line("", _origin(step["data_from_log"]))


def _entry(entry: dict[str, Any]) -> Iterator[str]:
    state = f"state {entry['state']} {entry['state_name'] or '(not defined)'}"
    held = "" if entry["is_held"] else ", which the region does not hold"
    yield _line(f"bat[{entry['index']}]", f"{entry['word']:#x} at {entry['file_offset']:#x}{held}: {state}")
    if entry["block_file_offset"]:
        yield _line("", f"file offset {entry['block_file_offset']:#x}, {entry['file_offset_mb']} MiB")
    if entry["from_log"]:
        yield _line("", _origin(entry["from_log"]))


def _bitmap(bitmap: dict[str, Any]) -> Iterator[str]:
    yield from _entry(bitmap["entry"])
    name = f"bitmap[{bitmap['chunk']}]"
    if bitmap["value"] is None:
        yield _line(name, f"sector {bitmap['sector']}: no bit can be read")
        return
    where = "this file" if bitmap["value"] else "the parent"
    place = f"bit {bitmap['bit']} of the byte at {bitmap['file_offset']:#x}"
    yield _line(name, f"sector {bitmap['sector']}, {place}: {bitmap['value']}, {where}")
    if bitmap["from_log"]:
        yield _line("", _origin(bitmap["from_log"]))
