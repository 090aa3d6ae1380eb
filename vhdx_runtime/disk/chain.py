"""A container and its parents: found one after the other, and whether each fits the file over it.

Joins images; where a parent may be looked for, and by what it is recognised, `parent_search` knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from vhdx_format.layout import CHAIN_DEPTH_MAX
from vhdx_format.rules import STEPS

from ..codec.confined import folder_of
from ..codec.source import Readable
from ..errors import Place, VhdxError
from ..findings import Finding, make
from ..wording import brief, path_word
from .attempts import ACCEPTED, EXPLICIT, UNUSABLE, Link, failure, name_of, rejected
from .image import Image
from .parent_search import NamedParent, Search, find_parent

# What is compared with the parent, and what a chain may have of it.
_COMPARED: Final = {
    "CHN-003": ("logical_sector_size", "the same"),
    "CHN-005": ("virtual_disk_size", "the same, or else zeros behind the end of the smaller one"),
    "CHN-006": ("block_size", "any: block sizes may differ in a chain"),
}


@dataclass(frozen=True, slots=True)
class Chain:
    """A container and its parents.

    Attributes:
        images: the container first, then its parent, and so on.
        links: one for each parent, in the same order.
        findings: broken rules that involve two files.
        error: why the chain ends before its end, or None.
        rejected: the link to the file that must be the next parent and is not taken, or None; that file is closed.
    """

    __repr__ = brief

    images: tuple[Image, ...]
    links: tuple[Link, ...]
    findings: tuple[Finding, ...]
    error: VhdxError | None = None
    rejected: Link | None = None

    def __bool__(self) -> bool:
        return True

    def _no_tuple(self, *_: object) -> NoReturn:
        """What `disk.chain` was until 0.2 is `disk.images`; for one release its use as that says so."""
        raise TypeError("`chain` says how parents were found and is no tuple: the containers are `disk.images`")

    __getitem__ = __iter__ = __len__ = __contains__ = __reversed__ = _no_tuple

    def close(self) -> None:
        """Close every file of the chain."""
        for image in self.images:
            image.close()

    def close_parents(self) -> None:
        """Close every file but the container that was opened."""
        for image in self.images[1:]:
            image.close()


def open_chain(
    child: Image,
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | os.PathLike[str]] = (),
    accept_parents: Iterable[Readable] = (),
    without_parent: bool = False,
) -> Chain:
    """Find and open all parents of a container, read-only; their logs are replayed in memory.

    Args:
        child: the container. It stays open, also when this fails.
        parents: candidates for any parent, in any order: paths, file objects or bytes. Recognised by their linkage;
            where a child has no usable linkage, a single one is taken unverified, with a finding.
        parent_dirs: folders to search besides those of the child and of each parent found: for the names that the child
            gives, then for a file of any name that has the DataWriteGuid.
        accept_parents: as `parents`; where no file matches the linkage, one of these is taken as the parent although it
            has changed, with a finding. It must have the name that the child gives to its parent.
        without_parent: look for no parent at all.

    Returns:
        The chain; just the child where it has no parent.

    Raises:
        ChainError: a parent is missing, has changed, cannot be used or is in the chain already, the chain is too long,
            or none of `parents` and `accept_parents` belongs here. The message lists all that was tried.
        ValueError: a single file or folder instead of several, or a folder that is none.

    Spec: MS-VHDX 2.6.2.6
    """
    chain = load_chain(
        child,
        parents=parents,
        parent_dirs=parent_dirs,
        accept_parents=accept_parents,
        without_parent=without_parent,
    )
    if chain.error:
        chain.close_parents()
        raise chain.error
    return chain


def load_chain(
    child: Image,
    *,
    parents: Iterable[Readable] = (),
    parent_dirs: Iterable[str | os.PathLike[str]] = (),
    accept_parents: Iterable[Readable] = (),
    without_parent: bool = False,
) -> Chain:
    """Find and open the parents of a container as far as there are any, as `open_chain` does.

    Returns:
        The chain as far as it goes, and why it goes no further.

    Raises:
        ValueError: a single file or folder instead of several, or a folder that is none.
    """
    named = _named(_several("parents", parents), _several("accept_parents", accept_parents))
    folders = [_folder(folder) for folder in _several("parent_dirs", parent_dirs)]
    if without_parent:
        return Chain((child,), (), ())
    home = folder_of(child.source)
    search = Search([child], named, folders, folders if home is None else [*folders, home])
    links: list[Link] = []
    findings: list[Finding] = []
    error = refused = None
    try:
        error, refused = _follow(search, links, findings)
    except BaseException:
        for image in search.images[1:]:
            image.close()
        raise
    finally:
        for unused in search.left():
            if unused.image:
                unused.image.close()
    return Chain(tuple(search.images), tuple(links), tuple(findings), error, refused)


def _several(name: str, given: Iterable[Any]) -> tuple[Any, ...]:
    if isinstance(given, (str, bytes, bytearray, memoryview, os.PathLike)) or hasattr(given, "read"):
        raise ValueError(f"{name} must be a list, not a single {type(given).__name__}")
    return tuple(given)


def _folder(name: str | os.PathLike[str]) -> str:
    path = os.path.realpath(os.fsdecode(name))
    if not os.path.isdir(path):
        raise ValueError(f"{os.fsdecode(name)}: given in parent_dirs, and is no folder that can be found")
    return path


def _named(parents: Iterable[Readable], accepted: Iterable[Readable]) -> list[NamedParent]:
    """The files that the caller named; one that is named in both ways stands once."""
    named = [NamedParent(file) for file in parents]
    for file in accepted:
        is_path = isinstance(file, (str, os.PathLike))
        same = [one for one in named if one.file is file or (is_path and name_of(one.file) == name_of(file))]
        if same:
            same[0].is_accepted = True
        else:
            named.append(NamedParent(file, is_accepted=True))
    return named


def _follow(search: Search, links: list[Link], findings: list[Finding]) -> tuple[VhdxError | None, Link | None]:
    """Go up the chain; why it ends before its end, and the link that is not taken."""
    while (child := search.images[-1]).geometry and child.geometry.has_parent:
        if len(search.images) >= CHAIN_DEPTH_MAX:
            found = f"{len(search.images)} files and no end"
            too_long = make("CHN-004", Place("chain", "files"), found, f"{CHAIN_DEPTH_MAX} at most")
            return too_long.error(STEPS["other-parent"].text), None
        start = len(search.attempts)
        try:
            parent, link, said = find_parent(search)
        except VhdxError as error:
            return error, rejected(child, search.attempts[start:])
        said += _pair_findings(child, parent, link)
        refusing = next((finding for finding in said if finding.verdict == "refuse"), None)
        if refusing:
            if all(parent is not named.image for named in search.named):  # those are closed by whoever opened them
                parent.close()
            hint = STEPS["this-parent"].text.replace("FILE", path_word(link.path or link.parent))
            return refusing.error(hint), replace(link, state=UNUSABLE)
        search.images.append(parent)
        links.append(link)
        findings += said
    if links and search.named and len(search.left()) == len(search.named):
        what = "none of the files named as parents belongs to the chain"
        return failure(search.images[0], search.attempts, what), None
    return None, None


def _pair_findings(child: Image, parent: Image, link: Link) -> list[Finding]:
    """What does not agree between a child and its parent."""
    is_named = link.found_by == EXPLICIT and link.state != ACCEPTED
    conditions = ["explicit_parent" if is_named else "no_explicit_parent"]
    findings = []
    for rule, (name, expected) in _COMPARED.items():
        own, other = getattr(child.geometry, name), getattr(parent.geometry, name)
        if own != other:
            found = f"{own} bytes in {child.name}, {other} in {parent.name}"
            if rule == "CHN-003" and is_named:
                found += ", which is read all the same, as the caller named it (--parent)"
            findings.append(make(rule, Place("chain", name), found, expected, conditions))
    if parent.log.state == "replayed":
        found = f"{parent.name} was not closed cleanly; its log is replayed in memory"
        findings.append(make("CHN-007", Place("chain", "log_guid"), found, "an empty log"))
    return findings
