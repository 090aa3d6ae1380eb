"""A second format for the generator: compiled from `second/` by the project's compiler, with a judge of its own."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import kaitaistruct

from formats.compiler import generate as generator
from formats.compiler import model as models
from formats.compiler import rulebook
from formats.compiler.expressions import Parsers
from formats.compiler.layout_data import emit_layout, layout_data
from formats.compiler.rulebook import emit_rules
from formats.compiler.schema import load_schemas
from vhdx_runtime.codec.checksum import crc32c
from vhdx_runtime.conformance.build.objects import replaced
from vhdx_runtime.fuzz.engine.format import Edit, Format, Root

SECOND = Path(__file__).parent / "second"
LENGTH = 4096
ENTRIES_AT, ENTRY = 512, 24
END_AT = LENGTH - 16


def compiled(folder: Path) -> Format:
    """The second format, compiled into a package in a folder."""
    package = folder / "tape_format"
    package.mkdir()
    generator.compile_schemas(SECOND, package)
    model = models.build(load_schemas(SECOND))
    parsers = Parsers(model, package)
    book = rulebook.build(model, parsers, SECOND)
    (package / "__init__.py").write_text("")
    (package / "layout.py").write_text(emit_layout(layout_data(model)))
    (package / "rules.py").write_text(emit_rules(book))
    sys.path.insert(0, str(folder))
    try:
        layout, rules = (importlib.import_module(f"tape_format.{name}") for name in ("layout", "rules"))
        module = importlib.import_module("tape_format.tape")
    finally:
        sys.path.remove(str(folder))
    return _format(layout, rules, module)


def _format(layout: Any, rules: Any, module: Any) -> Format:
    def parse(structure: str, raw: bytes) -> Any:
        found: Any = module
        for name in layout.STRUCTURES[structure].parser.partition(":")[2].split("."):
            found = getattr(found, name)
        parsed = found(kaitaistruct.KaitaiStream(io.BytesIO(raw)))
        with suppress(EOFError, kaitaistruct.KaitaiStructError):
            parsed._read()
        return parsed

    def broken(structure: str, raw: bytes) -> frozenset[str]:
        parsed = parse(structure, raw)
        found = {one.rule for one in rules.CLAIMS.get(structure, ()) if not getattr(parsed, one.instance)}
        if structure == "tape":
            found |= {"TAP-008"} if any(raw[36:64]) else set()
            found |= {"TAP-002"} if raw[4:8] != sealed(raw)[4:8] else set()
        return frozenset(found)

    tables = (layout.STRUCTURES, layout.CONSTANTS, layout.GUIDS, layout.ENUMS, rules.RULES, rules.CLAIMS)
    return Format(*tables, parse=parse, broken=broken, put=replaced)


def sealed(head: bytes) -> bytes:
    """The head with its right checksum."""
    value = crc32c(head[:4] + bytes(4) + head[8:])
    return head[:4] + value.to_bytes(4, "little") + head[8:]


def sound() -> bytes:
    """A sound archive of three entries."""
    head = b"TAPE" + bytes(4) + (3).to_bytes(2, "little") + (1 | 4 << 1).to_bytes(2, "little")
    head += (512).to_bytes(4, "little") + (3).to_bytes(4, "little") + (512).to_bytes(8, "little")
    head += (7).to_bytes(8, "little") + bytes(28)
    image = bytearray(LENGTH)
    image[:64] = sealed(head)
    for index, (name, offset, length) in enumerate(((b"one", 1024, 100), (b"two", 2048, 512), (b"none", 0, 0))):
        entry = name.ljust(8, b"\0") + offset.to_bytes(8, "little") + length.to_bytes(4, "little") + bytes(4)
        image[ENTRIES_AT + index * ENTRY : ENTRIES_AT + (index + 1) * ENTRY] = entry
    image[END_AT:] = b"ENDS" + (1).to_bytes(2, "little") + (2).to_bytes(2, "little") + LENGTH.to_bytes(8, "little")
    return bytes(image)


class Cut(NamedTuple):
    """So many bytes of the archive."""

    length: int


class Tape:
    """The sound archive as a subject."""

    name = "tape"
    shapes: Sequence[Any] = ()
    paired: frozenset[str] = frozenset()
    landmarks = (0, 64, ENTRIES_AT, 1024, 2048, END_AT, LENGTH)

    def __init__(self, form: Format) -> None:
        self.form, self.image = form, sound()
        index = ("index", "tape_index", ENTRIES_AT, 3 * ENTRY)
        parts = (("head", "tape", 0, 64), index, ("end", "tape_end", END_AT, 16))
        self.roots = [Root(name, kind, self.image[at : at + size], at, name) for name, kind, at, size in parts]

    def is_wanted(self, path: str) -> bool:
        return True

    def cut(self, length: int) -> Sequence[Any]:
        return (Cut(length),)

    def build(self, edits: Sequence[Edit]) -> bytes:
        """The archive with edits, the head sealed before those that say so and after the others."""
        image = bytearray(self.image)
        for edit in sorted(edits, key=lambda one: not one.is_sealed):
            root = next(one for one in self.roots if one.target == edit.target)
            raw = bytes(image[root.offset : root.offset + len(root.raw)])
            raw = self._edited(root, raw, edit)
            needs_seal = edit.is_sealed and root.target == "head"
            image[root.offset : root.offset + len(raw)] = sealed(raw) if needs_seal else raw
        return bytes(image)

    def _edited(self, root: Root, raw: bytes, edit: Edit) -> bytes:
        if isinstance(edit.value, bytes):
            start = edit.offset or 0
            return raw[:start] + edit.value + raw[start + len(edit.value) :]
        *steps, name = edit.path.split(".")
        base, structure = 0, root.structure
        if steps:
            base, structure = int(steps[0].removeprefix("entries[").rstrip("]")) * ENTRY, "tape_entry"
        field = next(one for one in self.form.structures[structure].fields if one.id == name)
        return self.form.put(raw, base + field.offset, field, edit.value)

    def judge(self, edits: Sequence[Any]) -> frozenset[str]:
        return judged(self.form, self.build(edits))


def judged(form: Format, image: bytes) -> frozenset[str]:
    """Rules that an archive breaks; those of more than one structure told with numbers written out here."""
    found = set(form.broken("tape", image[:64])) | set(form.broken("tape_end", image[END_AT:]))
    entries = [image[at : at + ENTRY] for at in range(ENTRIES_AT, ENTRIES_AT + 3 * ENTRY, ENTRY)]
    for entry in entries:
        found |= form.broken("tape_entry", entry)
    names = [entry[:8] for entry in entries]
    found |= {"TAP-016"} if len(set(names)) < 3 else set()
    places = [(int.from_bytes(one[8:16], "little"), int.from_bytes(one[16:20], "little")) for one in entries]
    found |= {"TAP-017"} if any(start + length > len(image) for start, length in places) else set()
    found |= {"TAP-018"} if int.from_bytes(image[END_AT + 8 :], "little") != len(image) else set()
    return frozenset(found)
