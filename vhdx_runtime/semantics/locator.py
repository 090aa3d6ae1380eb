"""The parent locator: by which strings a differencing file says what its parent is and where it was.

Works on the bytes of the item alone; whether any file is there, and may be opened, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vhdx_format.layout import (
    KEY_ABSOLUTE_WIN32_PATH,
    KEY_PARENT_LINKAGE,
    KEY_PARENT_LINKAGE2,
    KEY_RELATIVE_PATH,
    KEY_VOLUME_PATH,
    LOCATOR_PAIRS_USUAL_MAX,
    STRUCTURES,
)

from ..codec import decode
from ..codec.decode import Placed
from ..errors import Place
from ..findings import Finding, make
from ..wording import brief, counted

PARENT_LINKAGE: Final = KEY_PARENT_LINKAGE.decode("ascii")
PARENT_LINKAGE2: Final = KEY_PARENT_LINKAGE2.decode("ascii")
RELATIVE_PATH: Final = KEY_RELATIVE_PATH.decode("ascii")
VOLUME_PATH: Final = KEY_VOLUME_PATH.decode("ascii")
ABSOLUTE_WIN32_PATH: Final = KEY_ABSOLUTE_WIN32_PATH.decode("ascii")

# Not in the specification: no more pairs are looked at, four times as many as any known implementation takes.
PAIRS_READ_MAX: Final = 4 * LOCATOR_PAIRS_USUAL_MAX

# Not in the specification: strings of honest pairs do not overlap, so together they are no longer than the item.
# Crafted pairs share bytes; past this many times the item they are left out.
_TEXT_FACTOR: Final = 2

_NUL: Final = "\0"
_SHOWN_CHARACTERS: Final = 80
_GUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LINKAGE: Final = re.compile(rf"(\{{)?({_GUID})(?(1)\}})")
_VOLUME_FORM: Final = re.compile(rf"\\\\\?\\Volume\{{{_GUID}\}}\\.+", re.IGNORECASE | re.DOTALL)
_ABSOLUTE_FORM: Final = re.compile(r"\\\\\?\\(?:[A-Za-z]:\\|UNC\\).+", re.IGNORECASE | re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ROOTED: Final = re.compile(r"[\\/]|[A-Za-z]:")

# What makes the whole locator unusable.
_DISABLING: Final = ("PLC-003", "PLC-004", "PLC-006")


@dataclass(frozen=True, slots=True)
class Pair:
    """One key and its value.

    Attributes:
        entry: the structure that says where the strings lie.
        key: the key, or None where the bytes are no text.
        value: the value, or None where the bytes are no text. Half surrogate pairs are kept.
        skipped: id of the rule for which the pair is left out, or "".
    """

    __repr__ = brief

    entry: Placed
    key: str | None
    value: str | None
    skipped: str


@dataclass(frozen=True, slots=True)
class Locator:
    """A parent locator.

    Attributes:
        header: its first structure.
        pairs: in the order of the file, those left out too; `PAIRS_READ_MAX` at most.
        usable: its type is known, its entries fit, and there are some.
        linkage: GUIDs of which the parent's DataWriteGuid must be one, each as its 16 stored bytes; never nil.
        paths: (key, path) of each path worth a look, in the order in which they are tried.
        findings: every broken rule.
    """

    __repr__ = brief

    header: Placed
    pairs: tuple[Pair, ...]
    usable: bool
    linkage: tuple[bytes, ...]
    paths: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]

    def pair(self, key: str) -> Pair | None:
        """The first pair with exactly this key, else the first that differs by case only, or None."""
        return _find(self.pairs, key)

    def get(self, key: str) -> str | None:
        """Value of the pair that `pair` finds, or None."""
        return pair.value if (pair := self.pair(key)) else None


def parse(raw: bytes, file_offset: int) -> Locator:
    """Read a parent locator.

    Args:
        raw: all bytes of the metadata item, or as many as there are.
        file_offset: absolute file offset of the item in bytes.

    Returns:
        The locator. Never raises for what the bytes say. Looks at `PAIRS_READ_MAX` pairs at most and decodes text of at
        most twice the item's length.

    Spec: MS-VHDX 2.6.2.6
    """
    header = decode.structure("parent_locator_header", raw, file_offset, "parent locator")
    findings = _header_findings(header)
    usable = all(decode.holds(header, rule) for rule in _DISABLING)
    pairs: list[Pair] = []
    budget = _TEXT_FACTOR * len(raw)
    for entry in _entries(header):
        pair, found, used = _pair(entry, raw, file_offset, budget)
        budget -= used
        pairs.append(pair)
        findings += found
    findings += _key_findings(pairs, file_offset)
    linkage: tuple[bytes, ...] = ()
    paths: tuple[tuple[str, str], ...] = ()
    if usable:  # keys of an unknown type mean nothing
        linkage, found = _linkage(pairs, file_offset)
        findings += found
        paths, found = _paths(pairs, file_offset)
        findings += found
    return Locator(header, tuple(pairs), usable, linkage, paths, tuple(findings))


def _header_findings(header: Placed) -> list[Finding]:
    if not header.complete:
        size = STRUCTURES["parent_locator_header"].size
        return [make("PLC-003", header.place(), f"only {counted(len(header.raw), 'byte')}", f"{size} or more")]
    findings = decode.findings(header)
    count = header.fields.key_value_count
    if count > PAIRS_READ_MAX and decode.holds(header, "PLC-003"):
        expected = f"{PAIRS_READ_MAX} at most; the others are not looked at"
        findings.append(make("PLC-006", header.place("key_value_count"), counted(count, "pair"), expected))
    return findings


def _entries(header: Placed) -> list[Placed]:
    """The entries, each parsed; from a copy with a smaller count where there are more than may cost memory."""
    if not header.complete or not decode.holds(header, "PLC-003"):
        return []
    raw = header.raw
    if header.fields.key_value_count > PAIRS_READ_MAX:
        field = next(f for f in STRUCTURES["parent_locator_header"].fields if f.id == "key_value_count")
        start, size = field.offset or 0, field.size or 0
        raw = raw[:start] + PAIRS_READ_MAX.to_bytes(size, "little") + raw[start + size :]
    whole = decode.structure("parent_locator", raw, header.file_offset)
    return decode.elements(whole, "entries")


def _pair(entry: Placed, raw: bytes, file_offset: int, budget: int) -> tuple[Pair, list[Finding], int]:
    """One pair, its findings, and how many bytes of text it took from the budget."""
    findings = decode.findings(entry)
    if findings or not entry.complete:
        return Pair(entry, None, None, findings[0].rule if findings else "PLC-003"), findings, 0
    fields = entry.fields
    used = fields.key_length + fields.value_length
    if used > budget:
        expected = f"strings of at most {_TEXT_FACTOR} times {len(raw)} bytes in all"
        findings.append(make("PLC-009", entry.place(), f"{used} bytes more, shared with other pairs", expected))
        return Pair(entry, None, None, "PLC-009"), findings, 0
    texts: list[str | None] = []
    for name, start, length in (
        ("key", fields.key_offset, fields.key_length),
        ("value", fields.value_offset, fields.value_length),
    ):
        place = Place(entry.label, name, file_offset + start)
        text, fault = _text(raw[start : start + length])
        if fault:
            conditions = ["accepted"] if text is not None else []
            conditions += [] if text is not None and not _SURROGATE.search(text) else ["not_text"]
            findings.append(make("PLC-010", place, fault, "UTF-16LE without NUL", conditions))
        texts.append(text)
    return Pair(entry, texts[0], texts[1], "PLC-010" if None in texts else ""), findings, used


def _text(raw: bytes) -> tuple[str | None, str]:
    """Decode a string: its text, or None where it is none, and what is wrong with it, or "".

    >>> _text("ab".encode("utf-16-le"))
    ('ab', '')
    >>> _text(bytes([97, 0, 0, 0]))
    ('a', 'a NUL at the end')
    >>> _text(bytes([97, 0, 98]))
    (None, 'an odd number of bytes, 3')

    Spec: MS-VHDX 2.6.2.6.2
    """
    if len(raw) % 2:
        return None, f"an odd number of bytes, {len(raw)}"
    text = raw.decode("utf-16-le", "surrogatepass")
    fault = "a NUL at the end" if text.endswith(_NUL) else ""
    text = text.removesuffix(_NUL)
    if _NUL in text or not text:
        return None, "a NUL inside" if text else "nothing but a NUL"
    if not fault and _SURROGATE.search(text):
        fault = "half a surrogate pair"
    return text, fault


def _key_findings(pairs: list[Pair], file_offset: int) -> Iterator[Finding]:
    seen: set[str] = set()
    for pair in pairs:
        if pair.skipped or pair.key is None:
            continue
        place = Place(pair.entry.label, "key", file_offset + pair.entry.fields.key_offset)
        if pair.key in seen:
            yield make("PLC-011", place, f"{_shown(pair.key)} again", "each key once")
        if pair.key != pair.key.lower():
            yield make("PLC-012", place, _shown(pair.key), "no capital letters")
        seen.add(pair.key)


def _find(pairs: list[Pair] | tuple[Pair, ...], key: str) -> Pair | None:
    usable = [pair for pair in pairs if not pair.skipped and pair.key is not None and len(pair.key) == len(key)]
    exact = (pair for pair in usable if pair.key == key)
    alike = (pair for pair in usable if pair.key and pair.key.lower() == key)
    return next(exact, None) or next(alike, None)


def linkage_text(value: str) -> str | None:
    """A linkage as it should be written, or None where the value is no GUID.

    >>> linkage_text("040A92EB-ddc5-96e8-e7b7-ce25bb08f9a5")
    '{040a92eb-ddc5-96e8-e7b7-ce25bb08f9a5}'

    Spec: MS-VHDX 2.6.2.6.3
    """
    match = _LINKAGE.fullmatch(value)
    return f"{{{match[2].lower()}}}" if match else None


def _linkage(pairs: list[Pair], file_offset: int) -> tuple[tuple[bytes, ...], list[Finding]]:
    """The GUIDs that a parent may have; nil is none of them, it never links."""
    accepted: list[bytes] = []
    findings: list[Finding] = []
    for key in (PARENT_LINKAGE, PARENT_LINKAGE2):
        pair = _find(pairs, key)
        if pair is None or pair.value is None:
            if key == PARENT_LINKAGE:
                findings.append(make("PLC-013", Place("parent locator", key, file_offset), "no such key", "the key"))
            continue
        place = Place("parent locator", key, file_offset + pair.entry.fields.value_offset)
        shown, expected = _shown(pair.value), "a GUID in braces and small letters"
        text = linkage_text(pair.value)
        if text is None:
            findings.append(make("PLC-014", place, shown, expected, ["no_guid"]))
            continue
        if pair.value != text:
            findings.append(make("PLC-014", place, shown, expected, ["accepted"]))
        raw = UUID(text).bytes_le
        if any(raw):
            accepted.append(raw)
            if key == PARENT_LINKAGE2:
                findings.append(make("PLC-015", place, shown, "no such key, or nil"))
    return tuple(accepted), findings


def _paths(pairs: list[Pair], file_offset: int) -> tuple[tuple[tuple[str, str], ...], list[Finding]]:
    """Paths worth a look, in the order of the specification."""
    present = {key: pair for key in (RELATIVE_PATH, VOLUME_PATH, ABSOLUTE_WIN32_PATH) if (pair := _find(pairs, key))}
    if not present:
        place = Place("parent locator", "", file_offset)
        return (), [make("PLC-016", place, "no path", f"{RELATIVE_PATH}, {VOLUME_PATH} or {ABSOLUTE_WIN32_PATH}")]
    paths: list[tuple[str, str]] = []
    findings: list[Finding] = []
    for key, pair in present.items():
        value = pair.value or ""
        rule, expected, worth = _path_form(key, value)
        if rule:
            place = Place("parent locator", key, file_offset + pair.entry.fields.value_offset)
            findings.append(make(rule, place, _shown(value), expected))
        if worth:
            paths.append((key, value))
    return tuple(paths), findings


def _path_form(key: str, value: str) -> tuple[str, str, bool]:
    """Rule that a path breaks (or ""), what it asks for, and whether the path is worth a look all the same."""
    if key == VOLUME_PATH:
        good = _VOLUME_FORM.fullmatch(value) is not None
        return "" if good else "PLC-017", r"\\?\Volume{GUID}\ and a path", good
    if key == ABSOLUTE_WIN32_PATH:
        good = _ABSOLUTE_FORM.fullmatch(value) is not None
        return "" if good else "PLC-018", r"\\?\ before a drive or UNC", True
    rooted = _ROOTED.match(value) is not None
    return "PLC-019" if rooted or "/" in value else "", "a path from the child's folder, by backslashes", not rooted


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]!r}…"
