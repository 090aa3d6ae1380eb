"""Every dump in the book, read back from its text, has the values that are printed beside it."""

from __future__ import annotations

import re
import struct
from typing import Any
from uuid import UUID

import pytest
from vhdx_format.layout import ENUMS, GUIDS, STRUCTURES

from tests.book.support import dumps
from tests.generated.engines import kaitai
from vhdx_runtime.book.dumps import as_html, colour, lines

DUMPS = dumps()
STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")
LINE = re.compile(r"^ *(?P<offset>[0-9a-f]+)(?:  (?P<bytes>[0-9a-f]{2}(?: [0-9a-f]{2}){0,7})(?=  |$))?", re.M)


def raw_of(text: str) -> bytes:
    """The bytes of a dump, from its text alone: what stands at offsets, and zeros where a star stands."""
    found = bytearray()
    for line in text.splitlines():
        if line.strip() == "*" or line.startswith(" " * 20):
            continue
        match = LINE.match(line)
        assert match, line
        offset = int(match["offset"], 16)
        found.extend(bytes(offset - len(found)))
        assert len(found) == offset, line
        found.extend(bytes.fromhex(match["bytes"] or ""))
    return bytes(found)


def value_at(parsed: Any, path: str) -> Any:
    """The value at "entries[1].guid" of what the parser made."""
    for step in path.split("."):
        match = STEP.fullmatch(step)
        assert match, path
        parsed = getattr(parsed, match[1])
        parsed = parsed[int(match[2])] if match[2] else parsed
    return parsed


def agrees(printed: str, value: Any) -> bool:
    """Whether a value is what was printed of it."""
    word, _, note = printed.partition(" (")
    note = note.rstrip(")")
    if isinstance(value, bool):
        return printed == ("1 (yes)" if value else "0 (no)")
    if isinstance(value, int):
        known = {item.id for values in ENUMS.values() for number, item in values.items() if number == value}
        size = re.search(r"(\d+) ([KMGT])iB", note)
        is_size = size is None or int(size[1]) << {"K": 10, "M": 20, "G": 30, "T": 40}[size[2]] == value
        is_hex = not note.startswith("0x") or int(note.split(",")[0], 16) == value
        named = not note or note in known or note.startswith("0x")
        return int(word.split()[0]) == value and is_size and is_hex and named
    if hasattr(value, "raw"):
        named = {"": True, "nil": not any(value.raw)}.get(note, note in GUIDS and GUIDS[note].raw == value.raw)
        return UUID(word).bytes_le == value.raw and bool(named)
    if printed.startswith('"'):
        text = printed.strip('"')
        return text.encode() == value or value.decode("utf-16-le").partition("\0")[0] == text
    if printed.endswith("zero bytes"):
        return not any(value) and int(printed.split()[0]) == len(value)
    if printed.endswith(" bytes"):
        return int(printed.split()[0]) == len(value)
    return bytes.fromhex(printed) == value


def test_there_are_dumps() -> None:
    assert len(DUMPS) > 25
    assert {structure for structure, _, _ in DUMPS} == set(STRUCTURES)


@pytest.mark.parametrize(("structure", "caption", "text"), DUMPS, ids=[f"{one[0]}-{one[1][-12:]}" for one in DUMPS])
def test_a_dump_parses_to_the_values_beside_it(structure: str, caption: str, text: str) -> None:
    raw = raw_of(text)
    size = STRUCTURES[structure].size
    assert size in (None, len(raw))
    parsed = kaitai(structure, raw)
    shown = [line for line in lines(text) if line.name]
    assert shown
    for line in shown:
        value = value_at(parsed, line.name.removeprefix("= "))
        assert agrees(line.value, value), f"{line.name}: {line.value}, parsed {value!r}"
        if line.raw and line.offset is not None:
            assert raw[line.offset : line.offset + len(line.raw)] == line.raw
    named = {line.name.partition(".")[0].partition("[")[0] for line in shown}
    wanted = {field.id for field in STRUCTURES[structure].fields if not field.condition}
    assert wanted - named <= {"padding"} | ({"strings", "unused"} if size is None else set())


def test_the_bytes_are_those_of_the_images_that_the_captions_name() -> None:
    from vhdx_runtime.book import scenes
    from vhdx_runtime.codec.source import open_source
    from vhdx_runtime.disk.image import load_image

    child = scenes.chain()[1]
    view = load_image(open_source(child.to_bytes())).view
    for _, caption, text in DUMPS:
        raw = raw_of(text)
        if caption == "Footer of an empty VHD of 3 MiB":
            stored = int.from_bytes(raw[64:68], "big")
            assert (raw[:8], len(raw), int.from_bytes(raw[48:56], "big")) == (b"conectix", 512, 3 << 20)
            assert stored == ~(sum(raw) - sum(raw[64:68])) & 0xFFFFFFFF
            continue
        if caption == "A packed image of 3 MiB that holds four bytes":
            assert raw in (b"VHDXOPS1" + (3 << 20).to_bytes(8, "little"), b"L" + struct.pack("<QQ", 64 << 10, 4))
            continue
        match = re.search(r"of child\.vhdx, at file offset (0x[0-9a-f]+)$", caption)
        assert match, caption
        assert view.read_at(int(match[1], 16), len(raw)) == raw, caption


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("7", 8),
        ("7 (0x8)", 7),
        ("6 (not_present)", 6),
        ("4096 (0x1000, 8 KiB)", 4096),
        ('"head"', b"heat"),
        ("4 zero bytes", b"\0\0\0\1"),
        ("0 (no)", True),
    ],
)
def test_a_value_that_is_not_the_one_printed_is_seen(printed: str, value: object) -> None:
    assert not agrees(printed, value)


def test_bytes_have_the_colour_of_their_field() -> None:
    text = "  0  01 02                    first     258\n  2  00 00                    reserved  0\n  4"
    assert [colour(line) for line in lines(text)] == ["c0", "reserved", ""]
    html = as_html(text)
    assert '<span class="c0" title="first">01 02</span>' in html
    assert "<b>reserved</b>" in html
    hostile = "  0  01                       <b>  1\n  1"
    assert "&lt;b&gt;" in as_html(hostile)
