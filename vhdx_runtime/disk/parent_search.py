"""The search for the parent of one file: which candidates there are, in which order, and which one is taken.

A parent locator is a stranger's string: by itself it leads only to files inside the folder of the file that holds it,
or of the file that was opened; the caller may name other folders, or the files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from vhdx_format.layout import FILE_IDENTIFIER_OFFSET, FILE_SIGNATURE
from vhdx_format.rules import STEPS

from ..codec.confined import are_alike, folder_of, last_name, names_in, open_confined, places, spellings
from ..codec.decode import guid_text
from ..codec.source import FileSource, Readable, Source, open_source
from ..errors import SHORTAGES, ChainError, FileError, Place, VhdxError
from ..findings import Finding, make
from ..semantics import headers
from ..semantics.locator import RELATIVE_PATH, Locator
from ..wording import agreeing, counted
from .attempts import (
    ACCEPTED,
    CHANGED,
    EXPLICIT,
    IDENTITY,
    MATCHES,
    SHOWN_CHARACTERS,
    UNUSABLE,
    UNVERIFIED,
    Attempt,
    Link,
    failure,
    guid_of,
    link_to,
    mismatch,
    name_of,
    names_of_parent,
)
from .image import Image, load_image

# Not in the specification: files of one folder that are looked at, the first ones by name.
FILES_MAX = 20_000

# Not in the specification: files of one DataWriteGuid that are worth a try.
_SAME_MAX = 16


@dataclass(frozen=True, slots=True)
class Identities:
    """What is in a folder.

    Attributes:
        folder: its path.
        paths: DataWriteGuid, as its 16 stored bytes, to the files that have it, in order of their names.
        summary: how many files were looked at, and what could not be, in words.
    """

    folder: str
    paths: dict[bytes, list[str]]
    summary: str


def scan(folder: str) -> Identities:
    """Look at the files of a folder, not at those of the folders in it.

    Returns:
        What was found. Never raises for what a file says, or for a file that cannot be read.

    Spec: MS-VHDX 2.2.2
    """
    paths: dict[bytes, list[str]] = {}
    try:
        names, count = names_in(folder, FILES_MAX)
    except ChainError as error:
        return Identities(folder, {}, str(error))
    failed: list[str] = []
    for name in names:
        path = os.path.join(folder, name)
        try:
            guid = _guid_at(path, folder)
        except ChainError:  # a folder, a FIFO, a link that leads away: not opened
            continue
        except VhdxError as error:
            failed.append(str(error))
            continue
        same = paths.setdefault(guid, [])
        if guid and len(same) < _SAME_MAX:
            same.append(path)
    summary = f"{counted(len(names), 'file')} in it, none with that DataWriteGuid"
    if count > len(names):
        summary += f"; {agreeing(f'{count - len(names)} more', 'was', 'were')} not looked at"
    if failed:
        summary += f"; {len(failed)} could not be read, the first one: {failed[0]}"
    return Identities(folder, paths, summary)


def _guid_at(path: str, folder: str) -> bytes:
    """DataWriteGuid of the current header of a file; nothing where it is no VHDX."""
    source = open_confined(path, [folder])
    try:
        return _guid(source)
    finally:
        source.close()


def _guid(source: Source) -> bytes:
    if source.read_at(FILE_IDENTIFIER_OFFSET, len(FILE_SIGNATURE)) != FILE_SIGNATURE:
        return b""
    current = headers.load(source).current
    return bytes(current.fields.data_write_guid.raw) if current else b""


_UNUSABLE: Final = ("PLC-003", "PLC-004", "PLC-006", "PLC-013", "PLC-014")


@dataclass(slots=True)
class NamedParent:
    """A parent that the caller named, opened when first asked for.

    Attributes:
        file: as the caller gave it.
        is_accepted: it may be taken although its DataWriteGuid is not what the child names.
        image: the file, once it is open.
    """

    file: Readable
    is_accepted: bool = False
    image: Image | None = None


@dataclass(slots=True)
class Search:
    """What was found so far, what was turned down, and where may be looked.

    Attributes:
        images: the container that was opened, its parent, and so on.
        named: the files that the caller named.
        named_folders: the folders that the caller named, links resolved.
        folders: those, and the folder of the container.
        attempts: candidates that were turned down.
        scanned: what is in the folders that the caller named, once one had to look.
    """

    images: list[Image]
    named: list[NamedParent]
    named_folders: list[str]
    folders: list[str]
    attempts: list[Attempt] = field(default_factory=list)
    scanned: list[Identities] | None = None

    def left(self) -> list[NamedParent]:
        """The named parents that have no place in the chain so far."""
        return [named for named in self.named if not any(image is named.image for image in self.images)]

    def identities(self) -> list[Identities]:
        """What is in the folders that the caller named; looked at once."""
        if self.scanned is None:
            self.scanned = [scan(folder) for folder in self.named_folders]
        return self.scanned


def find_parent(search: Search) -> tuple[Image, Link, list[Finding]]:
    """Find the parent of the last image.

    Returns:
        The parent, how it was found, and what is to be said of it.

    Raises:
        ChainError: there is none that may be taken.

    Spec: MS-VHDX 2.6.2.6.3
    """
    child = search.images[-1]
    if child.locator and not (_faults(child.locator) and not child.locator.linkage):
        return _linked(search, child)
    parent, finding = _unverified(search, child)
    return parent, link_to(child, parent, EXPLICIT, UNVERIFIED), [finding]


def _faults(locator: Locator) -> list[Finding]:
    """What keeps a locator from saying by what to recognise the parent."""
    return [finding for finding in locator.findings if finding.rule in _UNUSABLE]


def _linked(search: Search, child: Image) -> tuple[Image, Link, list[Finding]]:
    """The first candidate whose DataWriteGuid the child names; else one that the caller accepts all the same."""
    start = len(search.attempts)
    for found_by, where, opened in _candidates(search, child):
        parent = None
        try:
            parent = opened()
            if not _is_linked(child, parent):
                raise mismatch(child, parent)
        except VhdxError as error:
            if isinstance(error, FileError) and error.errno in SHORTAGES:
                raise
            search.attempts.append(_attempt(child, parent, found_by, where, error))
            if parent and found_by != EXPLICIT:
                parent.close()
        else:
            return parent, link_to(child, parent, found_by, MATCHES), []
    if child.locator and child.locator.linkage:
        looked_at = (Attempt(IDENTITY, one.folder, ChainError(one.summary)) for one in search.identities())
        search.attempts += looked_at
    accepted = _accepted(search, child, search.attempts[start:])
    if accepted:
        return accepted, link_to(child, accepted, EXPLICIT, ACCEPTED), [_acceptance(child, accepted)]
    raise failure(child, search.attempts[start:])


def _candidates(search: Search, child: Image) -> Iterator[tuple[str, str, Callable[[], Image]]]:
    """What the caller named, each place that the locator's paths lead to, then any name in the caller's folders."""
    for named in search.left():
        yield EXPLICIT, name_of(named.file), partial(_open_named, named, search)
    home = folder_of(child.source)
    folders = list(dict.fromkeys([*([home] if home else []), *search.folders]))
    seen: set[str] = set()
    for key, value in child.locator.paths if child.locator else ():
        for place in places(value, home if key == RELATIVE_PATH else None, folders):
            for path in spellings(place, folders):
                if path not in seen:
                    seen.add(path)
                    yield key, path, partial(_load, partial(open_confined, path, folders), search, child)
    for guid in child.locator.linkage if child.locator else ():
        for found in search.identities():
            for path in found.paths.get(guid, ()):
                if path not in seen:
                    seen.add(path)
                    yield IDENTITY, path, partial(_load, partial(open_confined, path, folders), search, child)


def _open_named(named: NamedParent, search: Search) -> Image:
    if named.image is None:
        named.image = _load(partial(open_source, named.file), search)
    _require_new(named.image.source, search)
    return named.image


def _load(opened: Callable[[], Source], search: Search, child: Image | None = None) -> Image:
    """Open a candidate; one of which the header says that it is not the parent is not replayed, which may take long."""
    source = opened()
    try:
        _require_new(source, search)
        guid = _guid(source) if child and child.locator else b""
        if any(guid) and child and child.locator and guid not in child.locator.linkage:
            return load_image(source, log="ignore")
        image = load_image(source, salvage=search.images[0].salvage)
        image.require_readable()
        if image.geometry is None:
            raise ChainError("its metadata does not give the sizes of its disk")
    except BaseException:
        source.close()
        raise
    return image


def _require_new(source: Source, search: Search) -> None:
    """Refuse a file that stands in the chain, whatever it is called."""
    if any(image.source.identity == source.identity for image in search.images):
        raise make("CHN-004", Place("chain", "files"), "a file that is in the chain already", "another file").error()


def _is_linked(child: Image, parent: Image) -> bool:
    """Whether the parent's current DataWriteGuid is one that the child names; nil is no name."""
    guid = guid_of(parent)
    return any(guid) and child.locator is not None and guid in child.locator.linkage


def _attempt(child: Image, parent: Image | None, found_by: str, where: str, error: VhdxError) -> Attempt:
    """What came of a candidate that is not taken."""
    if parent:
        return Attempt(found_by, where, error, link_to(child, parent, found_by, CHANGED), parent.source.identity)
    is_loop = error.rule == "CHN-004" and found_by != EXPLICIT
    is_there = not isinstance(error, ChainError) and not isinstance(error.__cause__, FileNotFoundError)
    link = Link(child.name, where, found_by, where, "", UNUSABLE) if is_loop or is_there else None
    return Attempt(found_by, where, error, link)


def _accepted(search: Search, child: Image, attempts: Sequence[Attempt]) -> Image | None:
    """The one file that the caller accepts as the parent of this child whatever its DataWriteGuid.

    It must be the file to which the child leads, or have the name that the child gives to its parent: with the parent
    missing, consent to a file further up must not make it the parent. Where one of the two has no name, it must be the
    only one that is accepted.
    """
    names = names_of_parent(child)
    led = {attempt.identity for attempt in attempts if attempt.found_by != EXPLICIT} - {None}
    offered = [named for named in search.left() if named.is_accepted and _is_only_changed(named, attempts)]
    fitting = [named for named in offered if named.image and named.image.source.identity in led]
    fitting = fitting or [named for named in offered if _is_called(named, names)]
    if not fitting and len(offered) == 1 and not (names and _has_name(offered[0])):
        fitting = offered
    if len({named.image.source.identity for named in fitting if named.image}) == 1:
        return fitting[0].image
    wanted = " or ".join(repr(name[:SHOWN_CHARACTERS]) for name in dict.fromkeys(names))
    for named in offered:
        reason = "is accepted, and so is another one that could be it: accept one"
        if named not in fitting:
            reason = f"is accepted, but the child calls its parent {wanted}: accept a file or link of that name"
        search.attempts.append(Attempt(EXPLICIT, name_of(named.file), ChainError(reason)))
    return None


def _is_only_changed(named: NamedParent, attempts: Sequence[Attempt]) -> bool:
    """Whether nothing but its DataWriteGuid is against a file."""
    return named.image is not None and any(a.identity == named.image.source.identity for a in attempts)


def _has_name(named: NamedParent) -> bool:
    return named.image is not None and isinstance(named.image.source, FileSource)


def _is_called(named: NamedParent, names: Sequence[str]) -> bool:
    own = last_name(name_of(named.file))
    return _has_name(named) and any(are_alike(own, name) for name in names)


def _acceptance(child: Image, parent: Image) -> Finding:
    found = (
        f"{parent.name} has changed since {child.name} was made and is read as its parent all the same, as the caller "
        f"accepts it: what comes from it may be wrong; its DataWriteGuid is {guid_text(guid_of(parent))}"
    )
    expected = " or ".join(map(guid_text, child.locator.linkage)) if child.locator else ""
    return make("CHN-002", Place("chain", "data_write_guid"), found, expected or "one that the child names")


def _unverified(search: Search, child: Image) -> tuple[Image, Finding]:
    """The only file left that the caller named, where the child does not say by what to recognise its parent."""
    known = _faults(child.locator) if child.locator else []
    rule, reason = (known[0].rule, known[0].message) if known else ("PLC-001", "no parent locator (PLC-001)")
    left = search.left()
    if len(left) != 1:
        raise ChainError(f"{child.name}: {reason}", rule=rule, hint=STEPS["name-parent"].text)
    try:
        parent = _open_named(left[0], search)
    except VhdxError as error:
        name = name_of(left[0].file)
        text = f"{child.name}: parent {name}: {str(error).removeprefix(f'{name}: ')}"
        raise ChainError(text, rule=error.rule, hint=error.next_step or STEPS["name-parent"].text) from error
    taken = f"{parent.name} taken unverified as the parent of {child.name}: {reason}"
    return parent, make(
        "CHN-002", Place("chain", "data_write_guid"), taken, "a linkage to compare with", ["no_linkage"]
    )
