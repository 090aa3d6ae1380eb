"""Repairs of the file type identifier and of the headers.

Decides what a header update mends by itself, which fields may be set, and what a file without any valid header gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from vhdx_format import layout

from ...change.change_set import AUTO, OFFERED
from ...change.preview import patched
from ...check import Report, log_search, mending
from ...check.cut import covered
from ...codec import decode
from ...codec.decode import guid_text
from ...disk.image import Image, load_image
from ...semantics.headers import HeaderCopy
from ...write.headers import NIL
from ...write.patch import Patch
from .. import given
from ..given import NOTHING
from ..plan import Repair
from . import regions_search
from .layout import lengthening

_KEPT = ("sequence_number", "data_write_guid", "log_guid", "log_version", "version", "log_length", "log_offset")
_AGREEING = ("log_guid", "log_version", "version", "log_length", "log_offset")
_MIB = layout.OBJECT_ALIGNMENT

_DECISIVE = ("HDR-003", "RGN-003")
FIRST_SEQUENCE_NUMBER = 1


def anew(image: Image, report: Report, values: Mapping[str, Any]) -> Iterator[Repair]:
    """A repair that makes two new headers, where that can be done with a good conscience.

    Yields:
        One repair, or none.

    Spec: MS-VHDX 2.2.2
    """
    if "HDR-003" not in report.totals:
        return
    rules = tuple(rule for rule in ("HDR-001", "HDR-002", "HDR-003") if rule in report.totals)
    proven = _proven(image)
    if proven is not None:
        header = {name: _plain(getattr(proven.fields, name)) for name in _KEPT}
        header["file_write_guid"] = uuid4().bytes_le
        yield Repair(rules, f"make new headers of what header {proven.number} still says", OFFERED, header=header)
    else:
        yield from _without_remains(image, report, rules, values)


def _proven(image: Image) -> HeaderCopy | None:
    """The remains that can be trusted: under a right checksum, or the same in both headers."""
    copies = [copy for copy in image.headers.copies if copy.placed.complete and _is_version_known(copy)]
    sound = [copy for copy in copies if [finding.rule for finding in copy.findings] == ["HDR-001"]]
    if not sound and len(copies) == len(image.headers.copies):
        first, second = copies
        if all(_plain(getattr(first.fields, name)) == _plain(getattr(second.fields, name)) for name in _AGREEING):
            sound = copies
    return max(sound, key=lambda copy: int(copy.fields.sequence_number), default=None)


def _is_version_known(copy: HeaderCopy) -> bool:
    return decode.holds(copy.placed, "HDR-006")


def _plain(value: Any) -> Any:
    """A GUID as its sixteen bytes, anything else as it is."""
    return getattr(value, "raw", value)


def _without_remains(
    image: Image, report: Report, rules: tuple[str, ...], values: Mapping[str, Any]
) -> Iterator[Repair]:
    """New headers, and region tables where there are none, with a log that holds nothing that may be needed."""
    patches: tuple[Patch, ...] = ()
    what = "make new headers"
    if image.regions.current is None:
        rules += tuple(rule for rule in regions_search.RULES if rule in report.totals)
        found = regions_search.table(image, values)
        if found is None:
            if mending.is_recognised(image):
                lacks = given.missing(regions_search.PLACES)
                yield Repair(rules, "make new headers and a region table", OFFERED, lacks=lacks)
            return
        table, summary = found
        patches = regions_search.written(image, table)
        image, what = load_image(patched(image.source, patches)), f"{summary}; make new headers"
    if image.bat is None:
        return
    free = list(_free(image, report))
    header, lacks = _log(image, free, values)
    size, end = image.source.size, header["log_offset"] + header["log_length"]
    summary = f"{what} with a log at {header['log_offset']:#x}; children no longer match"
    asks = tuple(rule for rule in rules if rule in _DECISIVE)
    repair: Repair | None = Repair(rules, summary, OFFERED, asks=asks)
    if end > size:
        repair = lengthening(image, "HDR-003", summary, covered(image, end), end)
    if repair is not None:
        asks = tuple(dict.fromkeys([*repair.asks, *asks])) if repair.consent == OFFERED else ()
        yield replace(repair, rules=rules, asks=asks, header=header, patches=patches, lacks=lacks)


def _log(image: Image, free: list[tuple[int, int]], values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Fields of a new header, and what must be said of the log before they can be used, or ""."""
    places = [log_search.Pending(start, end - start, NIL, 0) for start, end in free]
    used = [one for one in places if log_search.is_any(image.source, one.offset, one.offset + one.length)]
    pending = [found for one in used for found in log_search.pending(image.source, one.offset, one.offset + one.length)]
    chosen = next((one for one in pending if one.guid == values.get("log_guid")), None)
    lacks = ""
    if pending and chosen is None and values.get("log_guid") != NIL:
        some = " or ".join(one.text for one in pending)
        lacks = f"say which log counts: {some}, or --set log_guid=nil (none)"
    place = chosen or next(iter([*used, *places]), None)
    header = {
        "sequence_number": FIRST_SEQUENCE_NUMBER,
        "file_write_guid": uuid4().bytes_le,
        "data_write_guid": uuid4().bytes_le,
        "log_guid": chosen.guid if chosen else NIL,
        "log_version": layout.LOG_VERSION,
        "version": layout.HEADER_VERSION,
        "log_length": chosen.length if chosen else layout.LOG_SIZE_DEFAULT,
        "log_offset": place.offset if place else mending.log_place(image),
    }
    return header, lacks


def _free(image: Image, report: Report) -> Iterator[tuple[int, int]]:
    """What of the file belongs to nothing, in whole MiB, as half-open ranges of file offsets. Spec: MS-VHDX 2.1."""
    for start, end in (row for rows in report.owners(image).free(with_unused=True) for row in rows.tolist()):
        if -(-start // _MIB) < end // _MIB:
            yield -(-start // _MIB) * _MIB, end // _MIB * _MIB


_LOST = ("HDR-001", "HDR-002", "HDR-005")  # of a header that is not valid
_REWRITTEN = (*_LOST, "HDR-015")  # by any header update


def repairs(image: Image, report: Report, values: Mapping[str, Any] = NOTHING) -> Iterator[Repair]:
    """Repairs of the identifier's signature and of the headers. Spec: MS-VHDX 2.2.1, 2.2.2."""
    yield from _signature(image, report)
    if image.source.size < layout.HEADER_SECTION_SIZE:
        return  # the places of the headers themselves may be missing
    if image.headers.current is None:
        yield from anew(image, report, values)
        return
    rewritten = tuple(rule for rule in _REWRITTEN if rule in report.totals)
    if is_log_in_doubt(report):
        yield _by_consent(image, tuple(rule for rule in rewritten if rule in _LOST))
        return
    if rewritten:
        yield Repair(rewritten, "write both headers anew from the current one", AUTO, needs_header_update=True)
    if "HDR-004" in report.totals:
        summary = "write the two equal headers anew, with sequence numbers that differ"
        yield Repair(("HDR-004",), summary, AUTO, needs_header_update=True)
    yield from _fields(image, report)


def is_log_in_doubt(report: Report) -> bool:
    """Whether a header is lost that may have named another log than the one that is left.

    Then nothing may be written without consent: any header update, and any use of the log, ends the other log.
    """
    return any(finding.rule == "HDR-005" and finding.repair == OFFERED for finding in report.findings)


def _by_consent(image: Image, rules: tuple[str, ...]) -> Repair:
    """Both headers anew from the one that is left, although the other one may have named a log."""
    logs = ", ".join(f"{one.entries} entries of LogGuid {guid_text(one.guid)}" for one in log_search.left(image))
    summary = f"both headers anew from the one that is left; a log that the other may have named is given up: {logs}"
    return Repair(rules, summary, OFFERED, needs_header_update=True)


def _signature(image: Image, report: Report) -> Iterator[Repair]:
    """Put the signature back where a header and a region table prove that this is a VHDX."""
    if "FTI-001" not in report.totals:
        return
    if any(copy.valid for copy in image.headers.copies) and image.regions.current is not None:
        patch = Patch(layout.FILE_IDENTIFIER_OFFSET, layout.FILE_SIGNATURE)
        yield Repair(("FTI-001",), "put the signature of the file back", OFFERED, patches=(patch,))


def _fields(image: Image, report: Report) -> Iterator[Repair]:
    current = image.headers.current
    if current is None:
        return
    fields = current.fields
    if "HDR-007" in report.totals and fields.log_guid.is_nil:
        summary = f"set the version of the unused log from {fields.log_version} to {layout.LOG_VERSION}"
        yield Repair(("HDR-007",), summary, AUTO, header={"log_version": layout.LOG_VERSION})
    if "HDR-013" in report.totals:
        summary = "set LogGuid to nil: it announces a log that has no room; if there were updates in one, they are lost"
        yield Repair(("HDR-013",), summary, OFFERED, header={"log_guid": NIL})
    if "HDR-018" in report.totals:
        unset = [name for name in ("file_write_guid", "data_write_guid") if getattr(fields, name).is_nil]
        summary = (
            f"set {' and '.join(unset)}, now nil, to random GUIDs; no child can name a nil GUID, so none is cut off"
        )
        yield Repair(("HDR-018",), summary, OFFERED, header={name: uuid4().bytes_le for name in unset})
    if "HDR-019" in report.totals:
        summary = f"start the sequence numbers again from {FIRST_SEQUENCE_NUMBER}"
        yield Repair(("HDR-019",), summary, OFFERED, header={"sequence_number": FIRST_SEQUENCE_NUMBER})
