"""One container: its current header, its log replayed in memory, its regions, metadata and BAT.

Joins the ideas of `semantics/` in the order that the specification demands. Loading never stops at the first
problem: it goes as far as the bytes allow and collects every finding; opening raises the first one that refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from vhdx_format import layout

from .codec import decode
from .codec.decode import Placed
from .codec.source import Readable, Source, open_source
from .errors import Place
from .findings import Finding, make, raise_first
from .mapping import Mapping
from .semantics import headers as headers_module
from .semantics import locator as locator_module
from .semantics import metadata as metadata_module
from .semantics import regions as regions_module
from .semantics.bat import Bat
from .semantics.geometry import Geometry
from .semantics.headers import Headers
from .semantics.locator import Locator
from .semantics.log import state as log_state
from .semantics.log.state import Log
from .semantics.metadata import Metadata
from .semantics.regions import Regions
from .sizes import load_bat, load_geometry


@dataclass(frozen=True)
class Image:
    """One VHDX file, without its parents.

    Attributes:
        source: the file as it is.
        view: the file as it reads after replay; `source` itself where there is nothing to replay.
        identifier: the file type identifier.
        headers: both headers and the current one.
        log: what the log holds and what became of it.
        regions: both region tables and the regions.
        metadata: the metadata table and its items.
        geometry: sizes, or None where the metadata does not give them.
        bat: the table, or None without geometry or BAT region.
        mapping: from virtual offsets to file offsets, or None without BAT.
        locator: the parent locator, or None.
        findings: every rule of stage open that does not hold, in the order of evaluation.
    """

    source: Source
    view: Source
    identifier: Placed
    headers: Headers
    log: Log
    regions: Regions
    metadata: Metadata
    geometry: Geometry | None
    bat: Bat | None
    mapping: Mapping | None
    locator: Locator | None
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.source.name

    @property
    def size(self) -> int:
        """Size of the virtual disk in bytes; 0 where it is not known."""
        return self.geometry.virtual_disk_size if self.geometry else 0

    @cached_property
    def creator(self) -> str:
        """Name of the program that made the file, as far as it can be read; "" where this is no VHDX.

        Spec: MS-VHDX 2.2.1
        """
        if not decode.is_read(self.identifier, "creator") or not decode.holds(self.identifier, "FTI-001"):
            return ""
        return _until_nul(bytes(self.identifier.fields.creator)).decode("utf-16-le", "replace")

    def close(self) -> None:
        """Close the file."""
        self.view.close()

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def load_image(source: Source, *, log: str = "replay", header: int | None = None) -> Image:
    """Load one container as far as its bytes allow.

    Args:
        source: the file.
        log: "replay", or "ignore" to read the file as if it had no log (rescue: what the log holds is then missing).
        header: 1 or 2 to take that header whatever its state (rescue), None to select by the rules.

    Returns:
        The image with all findings of stage open. Never raises for what the bytes say.

    Spec: MS-VHDX 2.2 to 2.6
    """
    if log not in ("replay", "ignore"):
        raise ValueError(f'log must be "replay" or "ignore", not {log!r}')
    if header not in (None, 1, 2):
        raise ValueError(f"header must be 1, 2 or None, not {header!r}")
    identifier, findings = _identifier(source)
    headers = headers_module.load(source, header)
    current = headers.current.fields if headers.current else None
    usable = not any(finding.verdict == "refuse" for finding in headers.findings)
    state = log_state.load(source, current, replay=log == "replay", usable=usable)
    view: Source = state.overlay or source
    regions = regions_module.load(view)
    metadata = _metadata(view, regions)
    geometry, size_findings = load_geometry(metadata)
    bat, bat_findings = load_bat(view, regions, geometry)
    locator, locator_findings = _locator(view, metadata, geometry)
    findings += headers.findings + state.findings + regions.findings + metadata.findings
    findings += (*size_findings, *bat_findings, *locator_findings, *_log_overlaps(state, regions, headers))
    mapping = Mapping(view, geometry, bat) if geometry and bat else None
    return Image(source, view, identifier, headers, state, regions, metadata, geometry, bat, mapping, locator, findings)


def open_image(file: Readable, *, log: str = "replay", header: int | None = None) -> Image:
    """Open one container without its parents.

    Args:
        file: path, seekable binary file object, or bytes.
        log: see `load_image`.
        header: see `load_image`.

    Returns:
        The image; a context manager.

    Raises:
        VhdxError: the first rule that does not hold and for which a file must be refused; its class says what kind.
    """
    source = open_source(file)
    try:
        image = load_image(source, log=log, header=header)
        raise_first(image.findings)
    except BaseException:
        source.close()
        raise
    return image


def _identifier(source: Source) -> tuple[Placed, tuple[Finding, ...]]:
    raw = source.read_at(layout.FILE_IDENTIFIER_OFFSET, layout.HEADER_SLOT_SIZE)
    placed = decode.structure("file_identifier", raw, layout.FILE_IDENTIFIER_OFFSET)
    found = decode.findings(placed)
    if not decode.is_read(placed, "signature"):
        found.append(make("FTI-001", placed.place("signature"), f"{len(raw)} bytes", "the signature"))
    if source.size < layout.HEADER_SECTION_SIZE:
        shown, expected = f"{source.size:#x} bytes", f"at least {layout.HEADER_SECTION_SIZE:#x}"
        found.append(make("FTI-002", Place("file", "length", source.size), shown, expected))
    if source.size % layout.OBJECT_ALIGNMENT:
        place = Place("file", "length", source.size)
        found.append(make("LAY-003", place, f"{source.size:#x} bytes", "a whole number of MiB"))
    if decode.is_read(placed, "creator"):
        try:
            _until_nul(bytes(placed.fields.creator)).decode("utf-16-le")
        except UnicodeDecodeError as error:
            found.append(make("FTI-003", placed.place("creator"), str(error), "UTF-16LE text"))
    return placed, tuple(found)


def _until_nul(text: bytes) -> bytes:
    """UTF-16 text up to its first NUL character."""
    return text[: next((at for at in range(0, len(text), 2) if not any(text[at : at + 2])), len(text))]


def _metadata(view: Source, regions: Regions) -> Metadata:
    region = regions.get("metadata")
    if region is None:
        return Metadata(None, (), ())
    return metadata_module.load(view, region.file_offset, region.length)


def _locator(view: Source, metadata: Metadata, geometry: Geometry | None) -> tuple[Locator | None, list[Finding]]:
    item = metadata.get("parent_locator")
    place = Place("metadata table", "", metadata.table.file_offset if metadata.table else None)
    has_parent = geometry is not None and geometry.has_parent
    if item is None:
        absent = make("PLC-001", place, "no parent locator", "one, as the file has a parent")
        return None, [absent] if has_parent else []
    locator = locator_module.parse(metadata_module.read(view, item), item.file_offset)
    if not has_parent:
        return locator, [make("PLC-002", item.entry.place("item_id"), "a parent locator", "none, without a parent")]
    return locator, list(locator.findings)


def _log_overlaps(state: Log, regions: Regions, headers: Headers) -> list[Finding]:
    if headers.current is None or not state.length:
        return []
    conditions = ["log_guid_nil" if headers.current.fields.log_guid.is_nil else "log_guid_set"]
    place = headers.current.placed.place("log_offset")
    shown = f"log from {state.offset:#x} to {state.offset + state.length:#x} overlaps "
    found = []
    if state.offset < layout.HEADER_SECTION_SIZE:
        found.append(make("HDR-012", place, f"{shown}the header section", "no overlap", conditions))
    for region in regions.entries:
        if region.file_offset < state.offset + state.length and region.end > state.offset:
            found.append(make("HDR-012", place, f"{shown}{region.placed.label}", "no overlap", conditions))
    return found
