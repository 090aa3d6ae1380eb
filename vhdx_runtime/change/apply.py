"""Carry out changes: undo file first, then the operations, then a second look at everything.

What is found afterwards is held against what the changes say; a file that reads otherwise is put back at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import chain
from typing import TypeAlias

from ..codec.overlay import Overlay, Page
from ..codec.source import Source
from ..disk.image import Image, load_image
from ..errors import IntegrityError, VhdxError
from ..write.operation import run, touched
from ..write.target import Target
from ..write.trial import Trial
from . import undo as undo_file
from .change_set import ChangeSet, fingerprint, stamp
from .preview import PAGE
from .undo_parts import require_whole_sectors

Judge: TypeAlias = Callable[[Image], str]
"""Looks at the container as it has become: why it is not what it was to be, or ""."""


def tried(changes: ChangeSet, judge: Judge) -> str:
    """Carry changes out in memory.

    Returns:
        Why the file would not become what they say; "" where it would.
    """
    image = changes.image
    try:
        require_whole_sectors(image.source.size, changes.operations)
        after = load_image(Trial(image.source, changes.operations))
        return changes.misread(image, after) or judge(after)
    except (ValueError, VhdxError) as error:
        return str(error)


def apply(
    changes: ChangeSet,
    target: Target,
    undo_path: str | os.PathLike[str],
    judge: Judge,
    progress: Callable[[int], None] | None = None,
) -> str:
    """Carry changes out.

    Args:
        changes: made for this file, and with something to do.
        target: the file, open for writing.
        undo_path: name of the undo file; nothing must have it. It stays, whatever comes.
        judge: asked once the guest is known to read what the changes say.
        progress: called with the number of bytes written so far.

    Returns:
        Why the file was put back as it was: writing failed, the disk reads otherwise than the changes say, or the
        judge refuses the file. "" where all is done.

    Raises:
        IntegrityError: the file is not the one that the changes were made for, or could not be put back; the message
            says which.
        FileExistsError: there is such an undo file.
        OSError: the undo file could not be written; nothing is changed.
        BaseException: whatever else stopped it, an interrupt say; the file is as it was.
    """
    require_unchanged(changes, target)
    undo_file.save(undo_path, target, changes.digest, changes.operations)
    try:
        run(target, changes.operations, progress)
        failure = _judged(changes, target, undo_path, judge)
    except BaseException as error:
        why = str(error) or type(error).__name__
        _put_back(target, undo_path, why)
        if not isinstance(error, Exception):
            raise
        return why
    if failure:
        _put_back(target, undo_path, failure)
    return failure


def require_unchanged(changes: ChangeSet, source: Source) -> None:
    """Refuse a file that is not, or not any more, the one that changes were made for.

    Raises:
        IntegrityError: it is not.
    """
    image = changes.image.source
    same = fingerprint(source, touched(changes.operations, source.size)) == changes.digest
    if not same or source.size != image.size or stamp(source) not in (0, changes.stamp):
        raise IntegrityError(f"{source.name}: has changed since the plan was made; nothing is written")


def _judged(changes: ChangeSet, target: Target, undo_path: str | os.PathLike[str], judge: Judge) -> str:
    """Hold the file against the changes."""
    undo = undo_file.load(undo_path)
    try:
        before, after = load_image(as_before(undo, target)), load_image(target)
        return changes.misread(before, after) or judge(after)
    finally:
        undo.file.close()


def as_before(undo: undo_file.Undo, target: Source) -> Source:
    """The file as it was before, over what it is now; nothing is written."""
    pages: dict[int, Page] = {}
    for offset, data in chain(undo.originals(), undo.zero_pieces()):
        for start in range(offset // PAGE * PAGE, offset + len(data), PAGE):
            first, last = max(start, offset), min(start + PAGE, offset + len(data))
            known = pages.get(start // PAGE)
            old = known.leading if known else target.read_at(start, PAGE).ljust(PAGE, b"\0")
            part = data[first - offset : last - offset]
            pages[start // PAGE] = Page(old[: first - start] + part + old[last - start :], 0, b"", (0, 0))
    return Overlay(target, pages, [], undo.size)


def _put_back(target: Target, undo_path: str | os.PathLike[str], why: str) -> None:
    """Undo what was done, whatever stands there now: nobody else has written to a file that is locked."""
    try:
        undo = undo_file.load(undo_path)
        try:
            undo_file.restore(undo, target, is_forced=True)
        finally:
            undo.file.close()
    except BaseException as error:
        stuck = f"{target.name}: {why}; it is not put back: {str(error) or type(error).__name__}"
        hint = f"keep the undo file; `{undo_file.command(undo_path, target.name)}` takes the repair back"
        raise IntegrityError(
            f"{stuck}. Keep the undo file; {undo_file.advice(undo_path, target.name)}", hint=hint
        ) from error
