"""What was tried to find a parent, how each attempt ended, and the error that tells of it.

Looks nothing up.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from vhdx_format.rules import RULES, STEPS

from ..codec.confined import are_alike, last_name
from ..codec.decode import guid_text
from ..codec.source import FileSource, Readable
from ..errors import ChainError, Place, VhdxError
from ..wording import brief, path_word
from .foreign import file_word
from .image import Image

EXPLICIT: Final = "explicit"
IDENTITY: Final = "identity"

# States of a link.
MATCHES: Final = "matches"
UNVERIFIED: Final = "unverified"
ACCEPTED: Final = "accepted"
CHANGED: Final = "changed"
UNUSABLE: Final = "unusable"

SHOWN_CHARACTERS: Final = 200

_ALONE: Final = "leave them out; the chain is complete without them"
_WITHOUT: Final = "`--without-parent` reads the child alone, and what it does not hold reads as zeros"


@dataclass(frozen=True, slots=True)
class Link:
    """How one parent was found.

    Attributes:
        child: name of the file that needed it.
        parent: name of the file that was found.
        found_by: "explicit" (the caller named it), the key of the locator ("relative_path", "volume_path",
            "absolute_win32_path"), or "identity" (its name is another one; its DataWriteGuid is what the child names).
        path: where it is, links resolved; "" for what is not a file on a path.
        data_write_guid: of its current header, as text; "" where it could not be read.
        state: "matches" (the child names its DataWriteGuid), "accepted" (the child does not, and the caller takes it
            all the same), "unverified" (the child does not say by what to recognise it; the caller named it). Of a file
            that is not taken: "changed" (only its DataWriteGuid is against it) or "unusable".
    """

    child: str
    parent: str
    found_by: str
    path: str
    data_write_guid: str = ""
    state: str = MATCHES


class Attempt(NamedTuple):
    """A candidate that was turned down.

    Attributes:
        found_by: as in a link.
        where: its path, or what the caller called it.
        error: why it was turned down.
        link: what the link would be, or None where there was no file.
        identity: of the file whose DataWriteGuid alone is against it, else None.
    """

    found_by: str
    where: str
    error: VhdxError
    link: Link | None = None
    identity: Hashable = None

    def __repr__(self) -> str:
        return brief(self)


def name_of(file: Readable) -> str:
    """What to call a file that the caller named: its path, or its type."""
    return os.fsdecode(file) if isinstance(file, (str, os.PathLike)) else f"<{type(file).__name__}>"


def link_to(child: Image, parent: Image, found_by: str, state: str) -> Link:
    """The link between two files that are open."""
    path = os.path.realpath(parent.source.path) if isinstance(parent.source, FileSource) else ""
    return Link(child.name, parent.name, found_by, path, guid_text(guid_of(parent)), state)


def guid_of(image: Image) -> bytes:
    """DataWriteGuid of the current header of a file that can be opened, as its 16 stored bytes."""
    return bytes(image.headers.current.fields.data_write_guid.raw) if image.headers.current else b""


def names_of_parent(child: Image) -> list[str]:
    """The names that a child gives to its parent, folders left out."""
    return [last_name(value) for _, value in child.locator.paths] if child.locator else []


def mismatch(child: Image, parent: Image) -> ChainError:
    """The error for a parent whose DataWriteGuid is not one that the child names."""
    current = parent.headers.current
    place = current.placed.place("data_write_guid") if current else Place("headers")
    spec = RULES["CHN-002"].section
    found = f"DataWriteGuid is {guid_text(guid_of(parent))}, the child expects {_wanted(child)}"
    return ChainError(f"{found} (CHN-002, MS-VHDX {spec})", rule="CHN-002", place=place, spec=spec)


def rejected(child: Image, attempts: Sequence[Attempt]) -> Link | None:
    """The link to the file that must be the parent and is not taken; None where no such file was found.

    A file that only the caller named must also have the name that the child gives: it may have been meant for another
    link. Where one of the two has no name, it must be the only one.
    """
    led = [attempt for attempt in attempts if attempt.found_by != EXPLICIT]
    named = [attempt for attempt in attempts if attempt.found_by == EXPLICIT and attempt.link]
    names = names_of_parent(child)
    if len(named) > 1 or (names and all(attempt.link and attempt.link.path for attempt in named)):
        named = [one for one in named if any(are_alike(last_name(one.where), name) for name in names)]
    links = [attempt.link for attempt in (*led, *named) if attempt.link]
    changed = (link for link in links if link.state == CHANGED)
    return next(changed, links[0] if links else None)


def failure(child: Image, attempts: Sequence[Attempt], what: str = "") -> ChainError:
    """The error that lists what was tried and why each was turned down; caused by the first that is damaged.

    Args:
        child: whose parent was looked for.
        attempts: all of them.
        what: what is wrong, in words, where the chain is complete all the same.
    """
    is_complete = bool(what)
    found = None if is_complete else rejected(child, attempts)
    damaged = next((a.error for a in attempts if not isinstance(a.error, ChainError)), None)
    rule = _rule(child, attempts, damaged)
    locator = child.locator
    place = Place("parent locator", "", locator.header.file_offset) if locator else None
    first = next((a for a in attempts if found and a.link == found and found.state == CHANGED), None)
    others = [a for a in attempts if first is None or a.identity != first.identity]
    tried = dict.fromkeys(f"{a.found_by} {a.where[:SHOWN_CHARACTERS]!r}: {_why(a)}" for a in others)
    reasons = "; ".join(tried) or "there is no place to look"
    if first:
        changed = f"{found.parent if found else ''} has changed since the child was made: {first.error}"
        message = f"{child.name}: {changed}{f'; also tried: {reasons}' if tried else ''}"
    else:
        what = what or ("the parent was found but cannot be used" if found else "no parent found")
        source = "" if f"({rule}" in reasons else f" ({rule})"
        message = f"{child.name}: {what}, expected DataWriteGuid {_wanted(child)}: {reasons}{source}"
    hint = _ALONE if is_complete else _advice(child, rule, attempts, found, first)
    error = ChainError(message, rule=rule, place=place, spec=RULES[rule].section, hint=hint)
    error.__cause__ = damaged
    return error


def _advice(child: Image, rule: str, attempts: Sequence[Attempt], found: Link | None, first: Attempt | None) -> str:
    """What to do next where the chain ends before its end."""
    if first:
        is_nil = not (first.link and first.link.data_write_guid.strip("0-"))
        steps = RULES["CHN-002"].next[: 1 if is_nil else None]  # nil links to nothing
        both = "; ".join(STEPS[step].text.replace("FILE", path_word(first.where)) for step in steps)
        return both.replace("{rule}", "CHN-002").replace("{file}", file_word(child.source))
    if rule == "CHN-004":
        return STEPS["other-parent"].text
    if found and found.path:
        return f"`vhdx check {path_word(found.path)}` says what is wrong with the parent; {_WITHOUT}"
    if any(a.link and a.link.state == CHANGED for a in attempts):
        return f"{STEPS['accept-parent'].text}; it must have the name that the child gives to its parent"
    return f"`--parent-dir DIR` names a folder to look for it in, `--parent FILE` the file itself; {_WITHOUT}"


def _why(attempt: Attempt) -> str:
    """Why a candidate was turned down, without its name, which stands before that."""
    return str(attempt.error).removeprefix(f"{attempt.where}: ")


def _wanted(child: Image) -> str:
    linkage = child.locator.linkage if child.locator else ()
    return " or ".join(map(guid_text, linkage)) or "unknown"


def _rule(child: Image, attempts: Sequence[Attempt], damaged: VhdxError | None) -> str:
    followed = {a.error.rule for a in attempts if a.found_by != EXPLICIT}
    rules = {a.error.rule for a in attempts}
    if "CHN-004" in followed:  # a loop; that the caller named a file twice, or the child itself, is none
        return "CHN-004"
    if "CHN-002" in rules:
        return "CHN-002"
    missing = "CHN-001" if child.locator and child.locator.paths else "PLC-016"
    return (damaged and damaged.rule) or ("CHN-004" if "CHN-004" in rules else missing)
