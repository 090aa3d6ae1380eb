"""What a reader must make of an image, from the declared verdicts of the rules that it breaks.

Nothing here reads an image as a reader does: the conditions under which a rule has another verdict are told from the
values that were put into the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from vhdx_format import layout
from vhdx_format.rules import RULES

from ...conformance.build.blocks import MB_BITS
from .fields import Fields, parse

Verdict = Literal["valid", "needs-replay", "reader's-choice", "open-but-damaged", "reject", "unknown"]
_ORDER: Final = ("refuse", "ignore-object", "degrade", "warn", "note")
_DAMAGED: Final = ("ignore-object", "degrade")
_STRICT: Final = "must"
_REGIONS_SEEN: Final = 8
_UNIQUE: Final = ("RGN-007", "MDT-005")
_PAIRS_SEEN: Final = 256
_BAT: Final = "bat["
_COUNT: Final = ".header.entry_count"
_WORD: Final = layout.STRUCTURES["bat_entry"].size or 0
_PRESENT: Final = (layout.PAYLOAD_BLOCK_STATE_FULLY_PRESENT, layout.PAYLOAD_BLOCK_STATE_PARTIALLY_PRESENT)
_LOW_VALUES: Final = 1 << MB_BITS["file_offset_mb_low"]
_LINKAGES: Final = (layout.KEY_PARENT_LINKAGE.decode(), layout.KEY_PARENT_LINKAGE2.decode())
_MISSING: Final = "counts_as_missing"
_NAMELESS: Final = ("no_explicit_parent", "parent_not_accepted")  # nobody names a parent: a file is judged by itself


class Expected(NamedTuple):
    """What is right for an image.

    Attributes:
        verdict: "valid" (open, nothing is lost), "needs-replay" (valid once the log is replayed), "reader's-choice" (a
            strict reader may refuse, a tolerant one reads it), "open-but-damaged" (read what is left), "reject".
        by: the rule that decides, "" for none, "check" where only a full check tells it.
        section: of MS-VHDX, where there is a rule.
    """

    verdict: Verdict
    by: str = ""
    section: str = ""


def expected(broken: Collection[str], conditions: Collection[str], *, is_dirty: bool) -> Expected:
    """What a reader must make of an image.

    Args:
        broken: rules that it breaks.
        conditions: what holds of it, see `conditions`.
        is_dirty: its headers name a log to replay.
    """
    verdicts = {rule: declared(rule, conditions) for rule in sorted(broken)}
    if not verdicts:
        return Expected("needs-replay" if is_dirty else "valid")
    rule = min(verdicts, key=lambda one: (_ORDER.index(verdicts[one]), RULES[one].severity != _STRICT, one))
    section = RULES[rule].section
    if verdicts[rule] == "refuse":
        return Expected("reject", rule, section)
    if verdicts[rule] in _DAMAGED:
        return Expected("open-but-damaged", rule, section)
    if any(RULES[one].severity == _STRICT for one in verdicts):
        first = next(one for one in verdicts if RULES[one].severity == _STRICT)
        return Expected("reader's-choice", first, RULES[first].section)
    return Expected("needs-replay" if is_dirty else "valid", rule, section)


def judged(verdicts: Collection[str], rules: Collection[str], *, is_refused: bool, is_dirty: bool) -> Verdict:
    """What a full check comes to.

    Args:
        verdicts: of its findings.
        rules: that it reports.
        is_refused: the file does not open.
        is_dirty: its headers name a log to replay.
    """
    if is_refused:
        return "reject"
    if any(verdict in _DAMAGED for verdict in verdicts):
        return "open-but-damaged"
    if any(RULES[rule].severity == _STRICT for rule in rules):
        return "reader's-choice"
    return "needs-replay" if is_dirty else "valid"


def declared(rule: str, conditions: Collection[str]) -> str:
    """The verdict of a rule under conditions: that of the first one declared that holds, else the rule's own."""
    said = RULES[rule].counts_as if f"{rule} {_MISSING}" in conditions else rule
    found = {*conditions, *(f"{said} {one}" for one in _NAMELESS)}
    when = RULES[said].when
    return next((verdict for one, verdict in when.items() if f"{said} {one}" in found), RULES[said].verdict)


def conditions(rule: str, fields: Fields, changed: Collection[str], length: int | None = None) -> set[str]:
    """Conditions of a rule's `when` that hold for a file, told from its fields.

    Args:
        rule: the rule.
        fields: those of the file.
        changed: paths of the fields that were changed, each beginning with the object's name.
        length: of the file in bytes; None where nothing depends on it.

    Returns:
        Each as the rule's id, a space and the name; "counts_as_missing" too, where what the rule is about is as good as
        none.
    """
    when = RULES[rule].when
    found = set()
    if "log_guid_set" in when:
        header = fields.current_header()
        guid = fields.raw(f"{header}.log_guid")
        found.add("log_guid_set" if any(guid) else "log_guid_nil")
    if "copies_identical" in when:
        same = fields.roots["header_1"].raw == fields.roots["header_2"].raw
        found.add("copies_identical" if same else "copies_differ")
    if "other_copy" in when:
        tables = {path.partition(".")[0] for path in changed}
        found |= {"other_copy"} if len(tables) == 1 else set()
    found |= _of_entries(rule, fields, changed)
    found |= _of_sizes(fields)
    if rule == "RGN-013":
        found = found - {"known", "unknown"} | {_collision(fields, known_guids())}
    if rule == "RGN-012" and length is not None:
        found |= set(_cut_regions(fields, length))
    if rule in _UNIQUE:
        found = found - {"known", "unknown"} | {_repeated(fields, changed)}
    if rule == "BAT-006" and length is not None and _is_cut_where_unused(fields, length):
        found.add("used_part_inside")
    if "block_unknown" in when and _is_any_block_unknown(fields, changed):
        found.add("block_unknown")
    if rule in ("PLC-010", "PLC-014") and _are_texts_accepted(rule, fields):
        found.add("accepted")
    if RULES[rule].counts_as and not _has_linkage(fields):
        found.add(_MISSING)
    return {f"{rule} {one}" for one in found if one in when or one == _MISSING}


def _of_entries(rule: str, fields: Fields, changed: Collection[str]) -> set[str]:
    """Whether the entries that were changed are of regions or items that the specification defines."""
    known = known_guids()
    last = {path.partition(".")[0]: (fields.number(path) or 0) - 1 for path in changed if path.endswith(_COUNT)}
    entries = {path.rpartition(".")[0] for path in changed if ".entries[" in path}
    entries |= {f"{name}.entries[{index}]" for name, index in last.items()}
    found: set[str] = set()
    for entry in sorted(entries):
        name = known.get(fields.raw(f"{entry}.guid") or fields.raw(f"{entry}.item_id"), "")
        is_user = fields.number(f"{entry}.is_user") == 1
        found.add("known" if name and not is_user else "unknown")
        found |= {name.removesuffix("_region")} if name.endswith("_region") else set()
        found |= {"required"} if fields.number(f"{entry}.is_required") == 1 else set()
        size = layout.STRUCTURES[name].size if name in layout.STRUCTURES else None
        length = fields.number(f"{entry}.length")
        if rule == "ITM-018" and size is not None and length is not None:
            found.add("longer" if length > size else "shorter")
    return found


def known_guids() -> dict[bytes, str]:
    """Names of the GUIDs that the specification defines, by their bytes."""
    return {guid.raw: guid.id for guid in layout.GUIDS.values()}


def _collision(fields: Fields, known: dict[bytes, str]) -> str:
    """Whether a region that the specification defines shares bytes with another or with the header section."""
    spans = [(0, layout.HEADER_SECTION_SIZE, False)]
    for index in range(_REGIONS_SEEN):
        entry = f"region_table_1.entries[{index}]"
        start, length = fields.number(f"{entry}.file_offset"), fields.number(f"{entry}.length")
        if start is not None and length:
            spans.append((start, start + length, fields.raw(f"{entry}.guid") in known))
    for index, (start, end, is_known) in enumerate(spans):
        for other_start, other_end, is_other_known in spans[:index]:
            if start < other_end and other_start < end and (is_known or is_other_known):
                return "known"
    return "unknown"


def _cut_regions(fields: Fields, length: int) -> Iterator[str]:
    """Regions that the file ends in or before, with what the log makes it grow to. Spec: MS-VHDX 2.3.3."""
    known = known_guids()
    ends = [fields.number(f"{name}.header.last_file_offset") or 0 for name in fields.roots if name.startswith("log[")]
    for index in range(_REGIONS_SEEN):
        entry = f"region_table_1.entries[{index}]"
        start, size = fields.number(f"{entry}.file_offset"), fields.number(f"{entry}.length")
        if start is not None and size and start + size > max(length, *ends, 0):
            yield known.get(fields.raw(f"{entry}.guid"), "unknown").removesuffix("_region")


def _repeated(fields: Fields, changed: Collection[str]) -> str:
    """Whether a changed table lists something twice that the specification defines; items of a user are none of that.

    Spec: MS-VHDX 2.2.3.2, 2.6.1.2
    """
    for name in {path.partition(".")[0] for path in changed} & fields.roots.keys():
        rows = vars(parse(fields.roots[name].structure, fields.roots[name].raw)).get("entries", ())
        listed = [_listed(row) for row in rows if not getattr(row, "is_user", False)]
        if any(listed.count(guid) > 1 for guid in known_guids()):
            return "known"
    return "unknown"


def _listed(row: Any) -> bytes:
    """The GUID of an entry of the region table or of the metadata table; b"" of another."""
    guid = getattr(row, "item_id", None) or getattr(row, "guid", None)
    return bytes(guid.raw) if guid is not None else b""


def _of_sizes(fields: Fields) -> set[str]:
    size = fields.number("virtual_disk_size.virtual_disk_size")
    sector = fields.number("logical_sector_size.logical_sector_size") or layout.SECTOR_SIZE_512
    found: set[str] = set()
    if size is not None and size < sector:
        found.add("nothing_left")
    ends = [fields.number(f"{name}.header.last_file_offset") for name in fields.roots if name.startswith("log[")]
    if any((end or 0) > layout.LOG_GROWTH_MAX for end in ends):
        found.add("beyond_budget")
    return found


def _is_cut_where_unused(fields: Fields, length: int) -> bool:
    """Whether no block but the disk's last is cut off, and that one behind the disk's end only.

    Spec: MS-VHDX 2.5.1.1
    """
    block = fields.number("file_parameters.block_size") or 0
    size = fields.number("virtual_disk_size.virtual_disk_size") or 0
    sector = fields.number("logical_sector_size.logical_sector_size") or 0
    ratio = layout.SECTORS_PER_CHUNK * sector // block if block else 0
    if not size or not ratio:
        return False
    last = (size - 1) // block
    there = {name: index - index // (ratio + 1) for name, index in _entries(fields) if index % (ratio + 1) != ratio}
    starts = {number: _block_at(fields, name) for name, number in there.items() if number <= last}
    cut = [number for number, start in starts.items() if start is not None and start + block > length]
    return cut == [last] and (starts[last] or 0) + size - last * block <= length


def _entries(fields: Fields) -> list[tuple[str, int]]:
    """Entries of the table: their names and their indexes."""
    return [(name, int(name[len(_BAT) : -1])) for name in fields.roots if name.startswith(_BAT)]


def _block_at(fields: Fields, entry: str) -> int | None:
    """File offset of the block of an entry of the table; None where that has none in the file."""
    if fields.number(f"{entry}.state") not in _PRESENT:
        return None
    low, high = (fields.number(f"{entry}.file_offset_mb_{part}") or 0 for part in ("low", "high"))
    return (high * _LOW_VALUES + low) * layout.OBJECT_ALIGNMENT


def _is_any_block_unknown(fields: Fields, changed: Collection[str]) -> bool:
    """Whether an entry of the table has reserved bits set without a block in the file.

    Of entries that the log supplies the words are what a changed update begins with or holds.

    Spec: MS-VHDX 2.5.1
    """
    silent = [fields.number(f"{name}.reserved") and not _block_at(fields, name) for name, _ in _entries(fields)]
    for path in changed:
        held = fields.raw(path) if path.endswith((".leading_bytes", ".data")) else b""
        for word in (int.from_bytes(held[at : at + _WORD], "little") for at in range(0, len(held) - _WORD + 1, _WORD)):
            state, low = word & layout.BAT_STATE_MASK, word % (1 << layout.BAT_FILE_OFFSET_BIT)
            silent.append(low != state and state not in _PRESENT)
    return any(silent)


def _pairs(fields: Fields) -> list[tuple[bytes, bytes]]:
    """Keys and values of the parent locator whose places lie inside it."""
    locator = fields.roots.get("parent_locator")
    raw = locator.raw if locator else b""
    size, start = (layout.STRUCTURES[f"parent_locator_{part}"].size or 1 for part in ("entry", "header"))
    count = fields.number("parent_locator.header.key_value_count") or 0
    entries = [raw[at : at + size] for at in range(start, start + min(count, _PAIRS_SEEN) * size, size)]
    pairs = [(_string(raw, entry, "key"), _string(raw, entry, "value")) for entry in entries if len(entry) == size]
    return [(key, value) for key, value in pairs if key and value]


def _string(raw: bytes, entry: bytes, name: str) -> bytes:
    """The bytes that an entry of a locator gives as its key or value, b"" where they do not lie in it."""
    offset, length = (
        int.from_bytes(entry[field.offset or 0 :][: field.size], "little")
        for field in layout.STRUCTURES["parent_locator_entry"].fields
        if field.id in (f"{name}_offset", f"{name}_length")
    )
    return raw[offset : offset + length] if offset and offset + length <= len(raw) else b""


def _text(raw: bytes) -> str | None:
    r"""What a tolerant reader makes of a string: one NUL at its end is taken off; None for what is no text.

    >>> _text(b"a\0b\0\0\0"), _text(b"a\0\0\0b\0"), _text(b"abc")
    ('ab', None, None)

    Spec: MS-VHDX 2.6.2.6.2
    """
    if len(raw) % 2:
        return None
    text = raw.decode("utf-16-le", "surrogatepass").removesuffix("\0")
    return text if text and "\0" not in text else None


def _guid(text: str) -> bytes | None:
    """The GUID of a linkage, in braces or without and in letters of any size; None for what is none.

    Spec: MS-VHDX 2.6.2.6.3
    """
    bare = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    try:
        guid = UUID(bare)
    except ValueError:
        return None
    return guid.bytes_le if str(guid) == bare.lower() else None


def _linkages(fields: Fields) -> list[str]:
    """Values of the pairs that name the parent by its DataWriteGuid, as far as they are texts."""
    texts = [(_text(key), _text(value)) for key, value in _pairs(fields)]
    return [value for key, value in texts if value is not None and (key or "").lower() in _LINKAGES]


def _has_linkage(fields: Fields) -> bool:
    """Whether there is a linkage by which a parent can be recognised; nil is none."""
    return any(any(_guid(text) or b"") for text in _linkages(fields))


def _are_texts_accepted(rule: str, fields: Fields) -> bool:
    """Whether what a rule for texts does not allow is understood all the same, wherever it stands."""
    if rule == "PLC-014":
        return None not in [_guid(text) for text in _linkages(fields)]
    return None not in [_text(raw) for pair in _pairs(fields) for raw in pair]


def is_dirty(fields: Fields) -> bool:
    """Whether the current header names a log."""
    header = fields.current_header()
    return bool(header) and any(fields.raw(f"{header}.log_guid"))
