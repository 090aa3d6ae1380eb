"""What a reader must make of an image, from the declared verdicts of the rules that it breaks.

Nothing here reads an image as a reader does: the conditions under which a rule has another verdict are told from the
values that were put into the file.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, NamedTuple

from vhdx_format import layout
from vhdx_format.rules import RULES

from .fields import Fields

Verdict = Literal["valid", "needs-replay", "reader's-choice", "open-but-damaged", "reject", "unknown"]
_ORDER: Final = ("refuse", "ignore-object", "degrade", "warn", "note")
_DAMAGED: Final = ("ignore-object", "degrade")
_STRICT: Final = "must"
_REGIONS_SEEN: Final = 8


class Expected(NamedTuple):
    """What is right for an image.

    Attributes:
        verdict: "valid" (open, nothing is lost), "needs-replay" (valid once the log is replayed), "reader's-choice" (a
            strict reader may refuse, a tolerant one reads it), "open-but-damaged" (read what is left), "reject".
        by: the rule that decides, "" for none.
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


def declared(rule: str, conditions: Collection[str]) -> str:
    """The verdict of a rule under conditions: that of the first one declared that holds, else the rule's own."""
    when = RULES[rule].when
    return next((verdict for condition, verdict in when.items() if condition in conditions), RULES[rule].verdict)


def conditions(rule: str, fields: Fields, changed: Collection[str]) -> set[str]:
    """Conditions of a rule's `when` that hold for a file, told from its fields.

    Args:
        rule: the rule.
        fields: those of the file.
        changed: paths of the fields that were changed, each beginning with the object's name.
    """
    when = RULES[rule].when
    found = {"no_explicit_parent"}
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
    return {one for one in found if one in when}


def _of_entries(rule: str, fields: Fields, changed: Collection[str]) -> set[str]:
    """Whether the entries that were changed are of regions or items that the specification defines."""
    known = known_guids()
    entries = sorted({path.rpartition(".")[0] for path in changed if ".entries[" in path})
    found: set[str] = set()
    for entry in entries:
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


def is_dirty(fields: Fields) -> bool:
    """Whether the current header names a log."""
    header = fields.current_header()
    return bool(header) and any(fields.raw(f"{header}.log_guid"))
