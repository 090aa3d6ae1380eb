"""A file with alterations done to it in memory: what a planner builds up, and what it looks at in between.

Joins patches, header changes and a new length over the untouched file, and loads the container that comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vhdx_format.layout import LOG_SECTOR_SIZE

from ..codec.overlay import Overlay, Page, missing
from ..codec.source import Source
from ..disk.image import Image, load_image
from ..wording import brief
from ..write import patch as patches
from ..write.headers import NIL, pair_of, updated
from ..write.operation import Write
from ..write.patch import Patch
from .change_set import Alteration
from .relocation import Lengthened, Move

PAGE: Final = LOG_SECTOR_SIZE

# Header updates that carrying out a plan takes at most: for a new FileWriteGuid, to give up the log that was there, to
# put one in use, and to give that up. Each raises the sequence number by two.
_UPDATES: Final = 4
_STEPS: Final = 2 * _UPDATES


@dataclass(frozen=True, slots=True)
class Draft:
    """The alterations so far.

    Attributes:
        image: the container as it is.
        file_write_guid: what the session stores as FileWriteGuid.
        commits_log: the log is replayed into the file.
        pages: new contents of sectors of 4 KiB, by number.
        header: changed fields of the header.
        moves: what is copied behind the end of the file, by ascending targets.
        size: length of the file in bytes.
        is_empty: there is none.
    """

    __repr__ = brief

    image: Image
    file_write_guid: bytes
    commits_log: bool = False
    pages: Mapping[int, bytes] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()
    size: int = 0
    is_empty: bool = True

    @property
    def base(self) -> Source:
        """What the pages lie over: the file, after replay where that is part of the draft, and copies of its parts."""
        base: Source = self.image.view if self.commits_log else self.image.source
        if gaps := missing(base):  # a log is committed over what is cut off once the file is lengthened, with zeros
            base = Overlay(base, {}, gaps, base.size)
        return Lengthened(base, self.moves) if self.moves else base

    @property
    def first_header(self) -> Mapping[str, Any]:
        """What the first header update changes: as long as the log is needed, nothing that is about the log."""
        early = {name: value for name, value in self.header.items() if name == "sequence_number"}
        return {"file_write_guid": self.file_write_guid, **(early if self.commits_log else self.header)}

    @property
    def last_header(self) -> Mapping[str, Any]:
        """What the update changes that gives up the log."""
        late = {name: value for name, value in self.header.items() if name != "sequence_number"}
        return {**late, "log_guid": NIL}

    def differing(self, other: Draft) -> list[tuple[int, int]]:
        """Half-open ranges of file offsets where two drafts of one file differ, headers left out."""
        numbers = {*self.pages, *other.pages}
        unlike = (number for number in sorted(numbers) if self.pages.get(number) != other.pages.get(number))
        return [(number * PAGE, (number + 1) * PAGE) for number in unlike]


def begun(image: Image, file_write_guid: bytes) -> Draft:
    """A draft without any alteration."""
    return Draft(image, file_write_guid, size=image.source.size)


def joined(draft: Draft, alterations: Iterable[Alteration]) -> Draft:
    """The draft with more alterations, the patches of which do not overlap."""
    for one in alterations:
        commits = draft.commits_log or one.commits_log
        size = max(draft.size, draft.image.view.size) if one.commits_log else draft.size
        draft = replace(draft, commits_log=commits, size=size, is_empty=False)
        draft = replace(
            draft,
            pages=_paged(draft, one),
            header={**draft.header, **one.header},
            moves=(*draft.moves, *one.moves),
            size=draft.size if one.new_size is None else one.new_size,
        )
    return draft


def loaded(draft: Draft) -> Image:
    """The container as it reads with the alterations done.

    Raises:
        IntegrityError: the headers' sequence number cannot be raised as often as carrying it out takes.
    """
    if draft.is_empty:
        return draft.image
    pair = pair_of(draft.image.headers)
    number = pair.fields.get("sequence_number", 0) + _STEPS - 2
    pair = replace(pair, fields={**pair.fields, "sequence_number": number})
    last = draft.last_header if draft.commits_log else {}
    _, operations = updated(pair, {**draft.first_header, **last})
    pages = {number: _page(data) for number, data in draft.pages.items()}
    for write in operations:
        if isinstance(write, Write):
            pages[write.file_offset // PAGE] = _page(write.data)
    return load_image(Overlay(draft.base, pages, [], draft.size))


def _page(data: bytes) -> Page:
    return Page(data, 0, b"", (0, 0))


def patched(source: Source, patches_made: Iterable[Patch]) -> Overlay:
    """A source with patches over it. Its headers stay as they are."""
    return Overlay(
        source, {number: _page(data) for number, data in _over(source, {}, patches_made).items()}, [], source.size
    )


def _paged(draft: Draft, alteration: Alteration) -> Mapping[int, bytes]:
    if not alteration.patches:
        return draft.pages
    return _over(draft.base, draft.pages, alteration.patches)


def _over(base: Source, known: Mapping[int, bytes], patches_made: Iterable[Patch]) -> dict[int, bytes]:
    """Pages with patches done to them."""
    pages = dict(known)
    for number, inside, data in patches.pages(patches_made, PAGE):
        old = pages.get(number)
        if old is None:
            old = base.read_at(number * PAGE, PAGE).ljust(PAGE, b"\0")
        pages[number] = old[:inside] + data + old[inside + len(data) :]
    return pages
