"""A header for a file that has no valid one.

Knows when the remains of the two headers prove enough to keep them, and when a log is surely not needed any more: a
file whose log may hold updates gets no new header, for without them its tables mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from vhdx_format import layout

from ..check import Report
from ..codec import decode
from ..image import Image
from ..semantics.headers import HeaderCopy
from ..semantics.log.area import LogArea
from ..semantics.log.entries import candidates
from .plan import OFFERED, Repair

_KEPT = ("sequence_number", "data_write_guid", "log_guid", "log_version", "version", "log_length", "log_offset")
_AGREEING = ("log_guid", "log_version", "version", "log_length", "log_offset")
_MIB = layout.OBJECT_ALIGNMENT

FIRST_SEQUENCE_NUMBER = 1


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """A repair that makes two new headers, where that can be done with a good conscience.

    Args:
        image: without a current header.
        report: on it.

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
    elif image.regions.current is not None and image.bat is not None:
        yield from _without_remains(image, rules)


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


def _without_remains(image: Image, rules: tuple[str, ...]) -> Iterator[Repair]:
    """New headers with an empty log in free space, where no free space holds anything like a log entry."""
    from .space import free_ranges  # needs numpy, which takes its time to load

    size = image.source.size
    free = [(-(-start // _MIB) * _MIB, end // _MIB * _MIB) for start, end in free_ranges(image)]
    areas = [LogArea(image.source, start, end - start) for start, end in free if start < end]
    if any(True for area in areas for _ in candidates(area)):
        return
    offset = next((area.offset for area in areas), -(-size // _MIB) * _MIB)
    end = offset + layout.LOG_SIZE_DEFAULT
    header = {
        "sequence_number": FIRST_SEQUENCE_NUMBER,
        "file_write_guid": uuid4().bytes_le,
        "data_write_guid": uuid4().bytes_le,
        "log_version": layout.LOG_VERSION,
        "version": layout.HEADER_VERSION,
        "log_length": layout.LOG_SIZE_DEFAULT,
        "log_offset": offset,
    }
    summary = f"make new headers with an empty log at {offset:#x}; no log entry is left; children no longer match"
    yield Repair(rules, summary, OFFERED, header=header, new_size=end if end > size else None)
