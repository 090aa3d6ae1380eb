"""A second opinion of a changed file: whether a structure, taken by itself, must make a reader refuse it.

Takes the fields, the claims of the generated parsers and the declared verdicts; whatever needs the log, two structures
at once or the whole file, it leaves to others. Shares nothing with what checks files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from vhdx_format import layout
from vhdx_format.rules import RULES

from .claims import broken_claims
from .fields import Fields
from .verdicts import conditions, declared

_HEADERS: Final = ("header_1", "header_2")
_TABLES: Final = ("region_table_1", "region_table_2")
_METADATA: Final = "metadata_table"
_HEAD: Final = ".header."
_REFUSE: Final = "refuse"
_NO_HEADER, _SAME_NUMBER, _NO_TABLE, _TABLE_SIGNATURE = "HDR-003", "HDR-004", "RGN-003", "RGN-001"
Broken = tuple[str, str]


def refusing(fields: Fields, changed: Collection[str]) -> str:
    """A rule of one structure by which the file is to be refused, "" where there is none or one cannot say.

    Args:
        fields: those of the file, all of whose checksums are right.
        changed: paths of the fields that are not as in a sound file.

    Spec: MS-VHDX 2.2, 2.6
    """
    for rule, path in _broken(fields, sorted(changed, key=lambda path: (_HEAD not in path, path))):
        if not RULES[rule].applies and declared(rule, conditions(rule, fields, (path,))) == _REFUSE:
            return rule
    return ""


def _broken(fields: Fields, changed: list[str]) -> Iterator[Broken]:
    """Rules broken by structures that count, and where, in the order in which a reader comes to them."""
    yield from _of(fields, changed, "file_identifier")
    header = fields.current_header()
    if not header:
        yield _NO_HEADER, ""
        return
    numbers = {fields.number(f"{name}.sequence_number") for name in _HEADERS}
    if len(numbers) == 1 and not any(rule == "HDR-001" for name in _HEADERS for rule, _ in _of(fields, changed, name)):
        yield _SAME_NUMBER, ""
    yield from _of(fields, changed, header)
    if any(fields.raw(f"{header}.log_guid")):
        return  # what the rest says is for the log to say
    whole = [name for name in _TABLES if _TABLE_SIGNATURE not in {rule for rule, _ in _of(fields, changed, name)}]
    if not whole:
        yield _NO_TABLE, ""
        return
    yield from _of(fields, changed, whole[0])
    if any(path.startswith(_TABLES) for path in changed):
        return  # where the metadata is, is another question
    yield from _of(fields, changed, _METADATA)
    if not any(path.startswith(_METADATA) for path in changed):
        for name, item in layout.ITEMS.items():
            yield from _of(fields, changed, name) if item.missing else ()


def _of(fields: Fields, changed: list[str], target: str) -> Iterator[Broken]:
    """Rules that the changed structures of an object break, by themselves."""
    for path in changed:
        place = fields.place(path) if path.startswith(f"{target}.") else None
        if place is not None:
            yield from ((rule, path) for rule in sorted(broken_claims(place.owner, place.owner_raw)))
