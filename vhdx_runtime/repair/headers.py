"""Repairs of the file type identifier and of the headers.

Knows what a header update mends by itself, and which fields may be set without knowing more than the headers say. How
a header is written belongs to `write`; what to do with the log is planned in `log`, a file without any valid header in
`headers_anew`.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from vhdx_format import layout

from ..check import Report
from ..image import Image
from ..write.headers import NIL
from ..write.patch import Patch
from . import headers_anew
from .headers_anew import FIRST_SEQUENCE_NUMBER
from .plan import AUTO, OFFERED, Repair

_REWRITTEN = ("HDR-001", "HDR-002", "HDR-005", "HDR-015")  # by any header update


def repairs(image: Image, report: Report) -> Iterator[Repair]:
    """Repairs of the identifier's signature and of the headers.

    Args:
        image: as it reads with all earlier repairs done.
        report: on it.

    Yields:
        Repairs, each right by itself.

    Spec: MS-VHDX 2.2.1, 2.2.2
    """
    yield from _signature(image, report)
    if image.source.size < layout.HEADER_SECTION_SIZE:
        return  # the places of the headers themselves may be missing
    if image.headers.current is None:
        yield from headers_anew.repairs(image, report)
        return
    rewritten = tuple(rule for rule in _REWRITTEN if rule in report.totals)
    if rewritten:
        yield Repair(rewritten, "write both headers anew from the current one", AUTO, needs_header_update=True)
    if "HDR-004" in report.totals:
        summary = "write the two equal headers anew, with sequence numbers that differ"
        yield Repair(("HDR-004",), summary, AUTO, needs_header_update=True)
    yield from _fields(image, report)


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
