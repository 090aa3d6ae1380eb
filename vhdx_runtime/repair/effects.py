"""What repairs do to the bytes of a file, for whoever looks at a plan: old bytes beside new ones.

Knows nothing of why a byte changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vhdx_format.layout import HEADER_SECTION_SIZE

from ..codec.overlay import Overlay
from ..codec.source import Source
from ..image import Image
from ..write.operation import Operation, Write
from ..write.patch import Patch, diff
from .plan import Repair, Step


def step(image: Image, repair: Repair) -> Step:
    """A repair with what it replaces.

    Args:
        image: the container as it reads when the repair's turn comes.
        repair: what is done.
    """
    patches = repair.patches
    source: Source = image.view
    if repair.commits_log and isinstance(image.view, Overlay):
        patches, source = (*_replayed(image.view), *patches), image.source
    return Step(repair, patches, tuple(source.read_at(patch.file_offset, len(patch.data)) for patch in patches))


def headers_at_last(source: Source, operations: Iterable[Operation]) -> tuple[tuple[Patch, bytes], ...]:
    """What differs in both headers once all is done, each with the bytes that stand there now.

    Args:
        source: the file as it is.
        operations: what is done to it.
    """
    last = {one.file_offset: one.data for one in operations if isinstance(one, Write) and one.is_checked}
    found = []
    for offset, data in sorted(last.items()):
        if offset < HEADER_SECTION_SIZE:
            old = source.read_at(offset, len(data)).ljust(len(data), b"\0")
            found += [
                (patch, old[patch.file_offset - offset :][: len(patch.data)]) for patch in diff(offset, old, data)
            ]
    return tuple(found)


def _replayed(view: Overlay) -> Iterator[Patch]:
    """What differs in the sectors that a log supplies."""
    size = view.page_size
    for number in sorted(view.pages):
        offset = number * size
        yield from diff(offset, view.base.read_at(offset, size).ljust(size, b"\0"), view.page_bytes(number))
