"""A container and its parents: where a parent may be looked for, how it is recognised, when the search must stop.

Knows the policy. A parent locator is a stranger's string: by itself it leads only to files inside the folder of the
file that holds it, or of the file that was opened; the caller may name other folders, or the files. Joins images;
knows nothing of their blocks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from vhdx_format.layout import CHAIN_DEPTH_MAX

from .attempts import EXPLICIT, Attempt, failure, name_of
from .codec.confined import folder_of, open_confined, places, spellings
from .codec.decode import guid_text
from .codec.source import FileSource, Readable, Source, open_source
from .errors import ChainError, Place, VhdxError
from .findings import Finding, make, raise_first
from .image import Image, load_image
from .semantics.locator import RELATIVE_PATH, Locator

_UNUSABLE: Final = ("PLC-003", "PLC-004", "PLC-006", "PLC-013", "PLC-014")
_COMPARED: Final = {"CHN-003": "logical_sector_size", "CHN-005": "virtual_disk_size", "CHN-006": "block_size"}


@dataclass(frozen=True, slots=True)
class Link:
    """How one parent was found.

    Attributes:
        child: name of the file that needed it.
        parent: name of the file that was found.
        found_by: "explicit" (the caller named it) or the key of the locator: "relative_path", "volume_path",
            "absolute_win32_path".
        path: where it is, links resolved; "" for what is not a file on a path.
    """

    child: str
    parent: str
    found_by: str
    path: str


@dataclass(frozen=True, slots=True)
class Chain:
    """A container and its parents.

    Attributes:
        images: the container first, then its parent, and so on.
        links: one for each parent, in the same order.
        findings: broken rules that involve two files.
    """

    images: tuple[Image, ...]
    links: tuple[Link, ...]
    findings: tuple[Finding, ...]

    def close(self) -> None:
        """Close every file of the chain."""
        for image in self.images:
            image.close()


@dataclass(slots=True)
class _Named:
    """A parent that the caller named, opened when first asked for."""

    file: Readable
    image: Image | None = None


@dataclass(slots=True)
class _Search:
    """What was found so far, what was turned down, and where may be looked."""

    images: list[Image]
    named: list[_Named]
    folders: list[str]
    links: list[Link] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def left(self) -> list[_Named]:
        """The named parents that have no place in the chain so far."""
        return [named for named in self.named if not any(image is named.image for image in self.images)]


def open_chain(
    child: Image,
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | os.PathLike[str]] = (),
    without_parent: bool = False,
) -> Chain:
    """Find and open all parents of a container, read-only; their logs are replayed in memory.

    Args:
        child: the container. It stays open, also when this fails.
        parents: candidates for any parent, in any order: paths, file objects or bytes. Recognised by their linkage;
            where a child has no usable linkage, a single one is taken unverified, with a finding.
        parent_dirs: folders to search besides those of the child and of each parent found.
        without_parent: look for no parent at all.

    Returns:
        The chain; just the child where it has no parent.

    Raises:
        ChainError: a parent is missing, does not match, loops or has other sectors, or none of `parents` belongs here.
            The message lists all that was tried.
        ValueError: a single file or folder instead of several.

    Spec: MS-VHDX 2.6.2.6
    """
    named = [_Named(file) for file in _several("parents", parents)]
    folders = [os.path.realpath(os.fsdecode(folder)) for folder in _several("parent_dirs", parent_dirs)]
    if without_parent:
        return Chain((child,), (), ())
    home = folder_of(child.source)
    search = _Search([child], named, folders if home is None else [*folders, home])
    try:
        while (geometry := search.images[-1].geometry) and geometry.has_parent:
            _add_parent(search)
        if search.links and named and len(search.left()) == len(named):
            raise failure(child, search.attempts, "none of the files named as parents belongs to the chain")
    except BaseException:
        for image in search.images[1:]:
            image.close()
        raise
    finally:
        for unused in search.left():
            if unused.image:
                unused.image.close()
    return Chain(tuple(search.images), tuple(search.links), tuple(search.findings))


def _several(name: str, given: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(given, (str, bytes, bytearray, memoryview, os.PathLike)) or hasattr(given, "read"):
        raise ValueError(f"{name} must be a list, not a single {type(given).__name__}")
    return tuple(given)


def _add_parent(search: _Search) -> None:
    """Find the parent of the last image and append it, or raise."""
    child = search.images[-1]
    if len(search.images) >= CHAIN_DEPTH_MAX:
        found = f"{len(search.images)} files and no end"
        raise make("CHN-004", Place("chain", "files"), found, f"{CHAIN_DEPTH_MAX} at most").error()
    if child.locator and not (_faults(child.locator) and not child.locator.linkage):
        parent, found_by = _linked(search, child)
    else:
        parent, found_by = _unverified(search, child), EXPLICIT
    search.images.append(parent)  # first: what stands here is closed when something is raised
    path = os.path.realpath(parent.source.path) if isinstance(parent.source, FileSource) else ""
    search.links.append(Link(child.name, parent.name, found_by, path))
    search.findings += _pair_findings(child, parent, found_by)


def _faults(locator: Locator) -> list[Finding]:
    """What keeps a locator from saying by what to recognise the parent."""
    return [finding for finding in locator.findings if finding.rule in _UNUSABLE]


def _linked(search: _Search, child: Image) -> tuple[Image, str]:
    """The first candidate whose DataWriteGuid the child names, and how it was found."""
    start = len(search.attempts)
    for found_by, where, opened in _candidates(search, child):
        parent = None
        try:
            parent = opened()
            _require_link(child, parent)
        except VhdxError as error:
            search.attempts.append(Attempt(found_by, where, error))
            if parent and found_by != EXPLICIT:
                parent.close()
        else:
            return parent, found_by
    raise failure(child, search.attempts[start:], "no parent found")


def _candidates(search: _Search, child: Image) -> Iterator[tuple[str, str, Callable[[], Image]]]:
    """What the caller named, then each place that the locator's paths lead to, in the order of the specification."""
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
                    yield key, path, partial(_load, partial(open_confined, path, folders), search)


def _open_named(named: _Named, search: _Search) -> Image:
    if named.image is None:
        named.image = _load(partial(open_source, named.file), search)
    _require_new(named.image.source, search)
    return named.image


def _load(opened: Callable[[], Source], search: _Search) -> Image:
    source = opened()
    try:
        _require_new(source, search)
        image = load_image(source)
        raise_first(image.findings)
        if image.geometry is None:
            raise ChainError("its metadata does not give the sizes of its disk")
    except BaseException:
        source.close()
        raise
    return image


def _require_new(source: Source, search: _Search) -> None:
    """Refuse a file that stands in the chain, whatever it is called."""
    if any(image.source.identity == source.identity for image in search.images):
        raise make("CHN-004", Place("chain", "files"), "a file that is in the chain already", "another file").error()


def _require_link(child: Image, parent: Image) -> None:
    """Refuse a parent whose current DataWriteGuid is not one that the child names; nil is no name."""
    current = parent.headers.current
    guid: bytes = current.fields.data_write_guid.raw if current else b""
    if current is None or not any(guid) or not child.locator or guid not in child.locator.linkage:
        place = current.placed.place("data_write_guid") if current else Place("headers")
        found = guid_text(guid) if guid else "no current header"
        raise make("CHN-002", place, found, "a GUID that the child names").error()


def _unverified(search: _Search, child: Image) -> Image:
    """The only file left that the caller named, where the child does not say by what to recognise its parent."""
    known = _faults(child.locator) if child.locator else []
    rule, reason = (known[0].rule, known[0].message) if known else ("PLC-001", "no parent locator (PLC-001)")
    left = search.left()
    if len(left) != 1:
        raise ChainError(f"{child.name}: {reason}; name its parent, and no other file", rule=rule)
    try:
        parent = _open_named(left[0], search)
    except VhdxError as error:
        raise ChainError(f"{child.name}: parent {name_of(left[0].file)}: {error}", rule=error.rule) from error
    taken = f"{parent.name} taken unverified as the parent of {child.name}: {reason}"
    search.findings.append(make("CHN-002", Place("chain", "data_write_guid"), taken, "a linkage to compare with"))
    return parent


def _pair_findings(child: Image, parent: Image, found_by: str) -> list[Finding]:
    """What does not agree between a child and its parent; raises what refuses."""
    conditions = ["explicit_parent" if found_by == EXPLICIT else "no_explicit_parent"]
    findings = []
    for rule, name in _COMPARED.items():
        own, other = getattr(child.geometry, name), getattr(parent.geometry, name)
        if own != other:
            found = f"{own} bytes in {child.name}, {other} in {parent.name}"
            findings.append(make(rule, Place("chain", name), found, "the same", conditions))
    if parent.log.state == "replayed":
        found = f"{parent.name} was not closed cleanly; its log is replayed in memory"
        findings.append(make("CHN-007", Place("chain", "log_guid"), found, "an empty log"))
    raise_first(findings)
    return findings
