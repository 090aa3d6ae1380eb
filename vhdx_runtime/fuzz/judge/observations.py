"""What readers make of one image: each gets a private copy and the same reads, and what it did is kept.

Which of them is right is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from vhdx_format import layout
from vhdx_format.layout import SECTOR_SIZE_4096

from ... import open as open_disk
from ...check import check_image
from ...codec.source import open_source
from ...conformance.build.model import GuestBlock, GuestModel
from ...conformance.judge import sampling
from ...conformance.judge.hosts import Host
from ...conformance.readers import Answer, Reader, Request
from ...conformance.recipes.recipe import Fill
from ...disk.chain import open_chain
from ...disk.image import Image, load_image
from ...errors import VhdxError
from ...findings import WRONG, Finding
from .. import sparse_copies

_DATA: Final = ("data", "log")
_RANGES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of an image.

    Attributes:
        rule: the broken rule that costs a reader most, "" where none is broken.
        features: what a reader must be able to do: "differencing", "sector-4096", "dirty-log".
        parents: paths of the parents, the nearest first, as far as they can be found.
        block_size: in bytes, 0 where it is not known.
        data: ranges (virtual offset, length in bytes) of the disk that hold data, the first ones.
    """

    rule: str = ""
    features: frozenset[str] = frozenset()
    parents: tuple[Path, ...] = ()
    block_size: int = 0
    data: tuple[tuple[int, int], ...] = ()


def learn(path: Path) -> Knowledge:
    """Ask our own library.

    Returns:
        What it knows; nothing where an error of its own keeps it from knowing.
    """
    try:
        with load_image(open_source(path)) as image:
            return Knowledge(
                _worst(check_image(image).findings),
                _features(image),
                _parents(image),
                image.geometry.block_size if image.geometry else 0,
                _data(path),
            )
    except Exception:  # noqa: BLE001 - a fault of ours shows when the image is read under limits; here it tells nothing
        return Knowledge()


def _worst(findings: Sequence[Finding]) -> str:
    def _rank(finding: Finding) -> int:
        return WRONG.index(finding.verdict) if finding.verdict in WRONG else len(WRONG)

    return min(findings, key=_rank).rule if findings else ""


def _features(image: Image) -> frozenset[str]:
    found = set()
    if image.geometry is not None and image.geometry.has_parent:
        found.add("differencing")
    if image.geometry is not None and image.geometry.logical_sector_size == SECTOR_SIZE_4096:
        found.add("sector-4096")
    if image.headers.current is not None and not image.headers.current.fields.log_guid.is_nil:
        found.add("dirty-log")
    return frozenset(found)


def _parents(image: Image) -> tuple[Path, ...]:
    try:
        chain = open_chain(image)
    except VhdxError:
        return ()
    chain.close_parents()
    return tuple(Path(link.path) for link in chain.links)


def _data(path: Path) -> tuple[tuple[int, int], ...]:
    try:
        with open_disk(path) as disk:
            pieces = (piece for piece in disk.ranges() if piece.kind in _DATA)
            return tuple((piece.virtual_offset, piece.length) for piece in islice(pieces, _RANGES_MAX))
    except VhdxError:
        return ()


_BLOCK: Final = layout.BLOCK_SIZE_MIN  # where the size is not known: only the choice of reads depends on it
_ZERO: Final = GuestBlock("zero")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader and one image.

    Attributes:
        reader: the reader.
        request: what it was asked for; its files are there until the image is done with.
        answer: what it did.
        is_changed: the image, or a parent, is not what it was before.
    """

    reader: Reader
    request: Request
    answer: Answer
    is_changed: bool

    @property
    def out(self) -> Path:
        """The bytes of the reads, one behind another."""
        return Path(self.request.out)

    @property
    def is_complete(self) -> bool:
        """It delivered the bytes of every read, and gave no error."""
        answer = self.answer
        return answer.verdict == "opened" and answer.has_bytes and not answer.failed and not answer.short


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What every reader is asked for.

    Attributes:
        size: of the disk in bytes, None where nobody says.
        reads: ranges (virtual offset, length in bytes).
        random_reads: more, for readers that can read at random.
    """

    size: int | None
    reads: tuple[tuple[int, int], ...] = ()
    random_reads: tuple[tuple[int, int], ...] = ()

    @property
    def is_whole(self) -> bool:
        """The reads are the whole disk, or nobody says how large that is: programs may try."""
        return (self.size or 0) <= sampling.WHOLE_MAX


def plan(size: int | None, known: Knowledge) -> ReadPlan:
    """Choose the reads: the whole of a small disk, samples of a large one.

    Args:
        size: of the disk in bytes, None where nobody says.
        known: where the disk has data.

    Returns:
        The plan; the same for the same arguments.
    """
    if size is None or size < 1:
        return ReadPlan(size)
    block = known.block_size or _BLOCK
    fills: dict[int, tuple[Fill, ...]] = {}
    for offset, length in known.data:
        number, start = divmod(offset, block)
        fills[number] = (*fills.get(number, ()), Fill(start, length))
    blocks = {number: GuestBlock("own", found) for number, found in fills.items()}
    model = GuestModel(size, block, layout.SECTOR_SIZE_512, 0, blocks, _ZERO)
    anywhere = (*sampling.small_reads(model), *sampling.long_reads(model))
    return ReadPlan(size, tuple(sampling.ranges(model)), anywhere)


def probe(image: Path, parents: Sequence[Path], hosts: Sequence[Host], home: Path) -> int | None:
    """Size of the disk in bytes, as the first reader says that opens the image; None where none does."""
    for host in hosts:
        if not host.found.absent:
            with sparse_copies.folder(home) as folder:
                answer = host.ask(_request(image, parents, ReadPlan(None), folder))
                if answer.size is not None:
                    return answer.size
    return None


def read(image: Path, parents: Sequence[Path], wanted: ReadPlan, host: Host, folder: Path) -> Reading:
    """Have a reader read a private copy of an image.

    Args:
        image: the file; it is not touched.
        parents: its parents, the nearest first.
        wanted: what to read.
        host: the reader's process.
        folder: private and empty.

    Returns:
        What it did; what it wrote stays in the folder.
    """
    request = _request(image, parents, wanted, folder)
    answer = host.ask(request)
    pairs = zip((image, *parents), (request.image, *request.chain), strict=True)
    is_changed = any(
        not Path(copy).is_file() or sparse_copies.first_difference(file, Path(copy)) is not None for file, copy in pairs
    )
    return Reading(host.reader, request, answer, is_changed)


def _request(image: Path, parents: Sequence[Path], wanted: ReadPlan, folder: Path) -> Request:
    """A request for private copies of the files, which have the names and the places to each other that they had."""
    home = sparse_copies.place(folder, "files")
    copies = []
    for file in (image, *parents):
        inside = file.relative_to(image.parent) if file.is_relative_to(image.parent) else Path(file.name)
        sparse_copies.copy(file, home / inside)
        copies.append(str(home / inside))
    return Request(
        image=copies[0],
        chain=tuple(copies[1:]),
        reads=wanted.reads,
        random_reads=wanted.random_reads,
        is_whole=wanted.is_whole,
        out=str(folder / "out"),
        random_out=str(folder / "random"),
    )
