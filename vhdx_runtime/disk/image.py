"""One container: its current header, its log replayed in memory, its regions, metadata and BAT.

Joins the ideas of `semantics/` in the order that the specification demands. Loading never stops at the first
problem: it goes as far as the bytes allow and collects every finding; opening raises the first one that refuses.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, NoReturn

from vhdx_format import layout

from ..codec import decode
from ..codec.decode import Placed
from ..codec.source import Readable, Source, open_source
from ..errors import FormatError, Place, VhdxError
from ..findings import Finding, first_refusing, make, salvaged
from ..semantics import headers as headers_module
from ..semantics import locator as locator_module
from ..semantics import metadata as metadata_module
from ..semantics import regions as regions_module
from ..semantics.bat import Bat
from ..semantics.geometry import Geometry
from ..semantics.headers import Headers
from ..semantics.locator import Locator
from ..semantics.log import state as log_state
from ..semantics.log.state import Log
from ..semantics.metadata import Metadata
from ..semantics.regions import Regions
from ..wording import brief, counted, size_text
from . import cut
from .cut import GLANCE, Count, Glance, glance_at, nothing_counted
from .mapping import Mapping
from .sizes import load_bat, load_geometry

if TYPE_CHECKING:
    from .foreign import Named
    from .orphans import PossibleLoss

WHOLE_FILE: Final = "get the rest of the file from where it came"

# Where both are lost, one repair makes both, and asks for both.
_TOGETHER: Final = ("HDR-003", "RGN-003")

# Something of the file is behind its end, or was.
BY_CUT = ("BAT-006", "BAT-013", "FTI-002", "HDR-011", "LOG-025", "RGN-012")


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
        salvage: it was loaded for the sake of what is left.
    """

    __repr__ = brief

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
    salvage: bool = False

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

    @cached_property
    def foreign(self) -> Named | None:
        """What the file is, where nothing but perhaps its signature says that it is a VHDX; else None.

        Spec: MS-VHDX 2.2
        """
        if any(copy.valid for copy in self.headers.copies) or self.regions.current is not None:
            return None
        is_signed = decode.is_read(self.identifier, "signature") and decode.holds(self.identifier, "FTI-001")
        if is_signed and self.source.size >= layout.HEADER_SECTION_SIZE:
            return None
        from . import foreign  # seldom needed

        try:
            named = foreign.recognise(self.source)
            is_told = named.id not in foreign.WEAK
            return named if is_told or not any(True for _ in metadata_module.signed_places(self.source)) else None
        except VhdxError:  # the system cannot read the file
            return None

    def require_readable(self) -> None:
        """Raise the error of the first finding that refuses the file, or the one that names what the file is instead.

        Raises:
            VhdxError: the class that the rule declares.
        """
        refusing = first_refusing(self.findings)
        if refusing is None:
            return
        error, named = refusing.error(), self.foreign
        if named is None:
            told = self.told(error)
            told.next_step = told.next_step or self.hint
            raise told from error
        text = f"{self.name}: is no VHDX: it {named.text}"
        raise FormatError(text, rule=error.rule, place=error.place, spec=error.spec, hint=named.hint) from error

    @cached_property
    def glance(self) -> Glance:
        """Whether the file was cut off, as far as a bounded look tells. Spec: MS-VHDX 2.1."""
        return self.look(partial(glance_at, self.bat, self.geometry) if self.bat and self.geometry else nothing_counted)

    def look(self, count: Count) -> Glance:
        """Look whether the file was cut off; see `cut.look`. Spec: MS-VHDX 2.1."""
        fixed = [(region.file_offset, region.end) for region in self.regions.entries if region.name]
        header = self.headers.current
        if header is not None and not header.fields.log_guid.is_nil:
            fixed.append((self.log.offset, self.log.offset + self.log.length))
        was = self.log.active[-1].flushed_file_offset if self.log.active else 0
        return cut.look(self.source.size, self.view, fixed, self.geometry, count, was=was)

    @cached_property
    def possible_loss(self) -> PossibleLoss | None:
        """Entries of the table that seem to be lost; None, too, where the table is too large for a glance.

        Spec: MS-VHDX 2.5
        """
        bat, geometry = self.bat, self.geometry
        if bat is None or geometry is None or bat.entry_count > GLANCE:
            return None
        from . import orphans  # seldom needed, as few files are suspect

        return orphans.possible_loss(self.source, self._fixed(), bat, geometry)

    def _fixed(self) -> list[tuple[int, int]]:
        log = (self.log.offset, self.log.offset + self.log.length)
        return [*((region.file_offset, region.end) for region in self.regions.entries), log]

    @cached_property
    def doubts(self) -> tuple[list[str], str]:
        """What makes one doubt the bytes of the disk, a sentence each, and a remark on a disk that seems to be empty.

        Nothing where the table is too large for a glance. Spec: MS-VHDX 2.5
        """
        bat, geometry = self.bat, self.geometry
        if bat is None or geometry is None or bat.entry_count > GLANCE:
            return [], ""
        from . import doubt

        return doubt.look(self.source, self._fixed(), bat, geometry, self.possible_loss)

    def why_unreadable(self, virtual_offset: int) -> VhdxError:
        """The error for the byte at a virtual offset that the mapping calls unreadable, and what can be done.

        Raises:
            ValueError: there is no mapping.
        """
        if self.mapping is None:
            raise ValueError(f"{self.name}: no mapping")
        error = self.told(self.mapping.why_unreadable(virtual_offset))
        error.next_step = self.advice(error.rule or "", "no")
        return error

    def told(self, error: VhdxError) -> VhdxError:
        """An error with the name of the file, and with a cut of it named first where that is the cause."""
        found = self.glance.cut if error.rule in BY_CUT else None
        text = f"{self.name}: {found.sentence}: {error}" if found else f"{self.name}: {error}"
        return type(error)(text, rule=error.rule, place=error.place, spec=error.spec)

    @cached_property
    def hint(self) -> str:
        """What to do next where the file is refused; else ""."""
        refusing = first_refusing(self.findings)
        return self.advice(refusing.rule, refusing.repair) if refusing else ""

    def advice(self, rule: str, repair: str, *, as_command: bool = False) -> str:
        """What to do next about a broken rule; the options that it names have been tried.

        Args:
            rule: its id.
            repair: how it is mended.
            as_command: name options with a command that takes them.
        """
        from .. import hints  # seldom needed
        from .foreign import file_word

        broken = {finding.rule for finding in self.findings}
        together = ",".join(one for one in _TOGETHER if one in broken) if rule in _TOGETHER else rule
        advice = hints.choose(together or rule, repair, self._opens_with, file_word(self.source), as_command=as_command)
        return f"{WHOLE_FILE}; {advice}" if rule in BY_CUT and self.glance.cut and hints.SALVAGE in advice else advice

    def _opens_with(self, option: str) -> bool:
        """Whether the file opens with an option of the commands."""
        if option not in self._tried:
            from ..hints import argument

            name, value = argument(option)
            self._tried[option] = first_refusing(load_image(self.source, **{name: value}).findings) is None
        return self._tried[option]

    @cached_property
    def _tried(self) -> dict[str, bool]:
        """Options that were tried, and whether the file opens with them."""
        return {}

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError(f"{self.name}: an image cannot be copied or pickled; open it again, in each process for itself")

    def close(self) -> None:
        """Close the file."""
        self.view.close()

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def load_image(source: Source, *, log: str = "replay", header: int | None = None, salvage: bool = False) -> Image:
    """Load one container as far as its bytes allow.

    Args:
        source: the file.
        log: "replay", or "ignore" to read the file as if it had no log (rescue: what the log holds is then missing).
        header: 1 or 2 to take that header whatever its state (rescue), None to select by the rules.
        salvage: the caller wants what is left: a log is replayed as far as it is whole, although the file is shorter
            than its log says, or cut off inside the log (rescue).

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
    header_findings = salvaged(headers.findings) if salvage else headers.findings
    usable = not any(finding.verdict == "refuse" for finding in header_findings)
    state = log_state.load(source, current, replay=log == "replay", usable=usable)
    log_findings = salvaged(state.findings) if salvage else state.findings
    view: Source = state.overlay or source
    regions = regions_module.load(view)
    metadata = _metadata(view, regions)
    geometry, size_findings = load_geometry(metadata)
    bat, bat_findings = load_bat(view, regions, geometry)
    locator, locator_findings = _locator(view, metadata, geometry)
    findings += header_findings + log_findings + regions.findings + metadata.findings
    findings += (*size_findings, *bat_findings, *locator_findings, *_log_overlaps(state, regions, headers))
    mapping = Mapping(view, geometry, bat) if geometry and bat else None
    found = (identifier, headers, state, regions, metadata, geometry, bat, mapping, locator)
    return Image(source, view, *found, findings, salvage)


def open_image(file: Readable, *, log: str = "replay", header: int | None = None, salvage: bool = False) -> Image:
    """Open one container without its parents.

    Args:
        file: path, seekable binary file object, or bytes.
        log: see `load_image`.
        header: see `load_image`.
        salvage: see `load_image`.

    Returns:
        The image; a context manager.

    Raises:
        VhdxError: the first rule that does not hold and for which a file must be refused; its class says what kind.
    """
    source = open_source(file)
    try:
        image = load_image(source, log=log, header=header, salvage=salvage)
        image.require_readable()
    except BaseException:
        source.close()
        raise
    return image


def _identifier(source: Source) -> tuple[Placed, tuple[Finding, ...]]:
    raw = source.read_at(layout.FILE_IDENTIFIER_OFFSET, layout.HEADER_SLOT_SIZE)
    placed = decode.structure("file_identifier", raw, layout.FILE_IDENTIFIER_OFFSET)
    found = decode.findings(placed)
    if not decode.is_read(placed, "signature"):
        found.append(make("FTI-001", placed.place("signature"), counted(len(raw), "byte"), "the signature"))
    if source.size < layout.HEADER_SECTION_SIZE:
        shown, expected = size_text(source.size), f"at least {size_text(layout.HEADER_SECTION_SIZE)}"
        found.append(make("FTI-002", Place("file", "length", source.size), shown, expected))
    if source.size % layout.OBJECT_ALIGNMENT:
        found.append(_not_whole(source, has_header_section=source.size > layout.HEADER_SECTION_SIZE))
    if decode.is_read(placed, "creator"):
        try:
            _until_nul(bytes(placed.fields.creator)).decode("utf-16-le")
        except UnicodeDecodeError as error:
            found.append(make("FTI-003", placed.place("creator"), str(error), "UTF-16LE text"))
    return placed, tuple(found)


def _not_whole(source: Source, *, has_header_section: bool) -> Finding:
    shown = size_text(source.size)
    if has_header_section:
        from .foreign import has_vhd_footer  # seldom needed

        with suppress(VhdxError):  # the system cannot read the end
            shown += (
                ", the last of them the footer of a VHD, which is no part of a VHDX" if has_vhd_footer(source) else ""
            )
    return make("LAY-003", Place("file", "length", source.size), shown, "a whole number of MiB")


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
