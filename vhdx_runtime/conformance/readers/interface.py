"""What a reader is to the runner: a name, a version, a way to be run, and what it says of itself.

A reader is one small module with one value of the class `Reader`. `prepare` and `run` are called in a process of their
own, never in the runner's: what a reader imports, how much memory it takes and how it dies touches nobody else. `run`
is called in a fork of the process in which `prepare` was, once for each image, under limits; it reads `Request.image`
in whatever way a user of the reader would, writes what it got to `Request.out`, and says what happened in an `Answer`.
Whether that is right is not its business. Nothing here knows the format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["opened", "refused", "crash", "hang", "memory", "skipped"]
Range = tuple[int, int]
_SHOWN = 16


class Absent(Exception):
    """The reader is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a reader is asked to read.

    Attributes:
        image: path of the file to open; it is in a folder of its own and may be written to.
        chain: paths of the files that a user would name as its parents, the nearest first.
        parents: paths that the case asks to be named to the reader, in any order.
        parent_dirs: folders that the case asks to be searched for parents.
        log: "replay", or "ignore" where the case asks for that.
        header: 1 or 2 where the case asks for that header.
        without_parent: the case asks for no parent.
        reads: ranges (virtual offset, length in bytes) to read, ascending and apart.
        random_reads: more ranges, small and large, in any order; for readers that can read at random.
        is_whole: the reads are the whole disk from end to end.
        out: path of the file for the bytes of `reads`, one behind another; holes count as zeros.
        random_out: path of the file for the bytes of `random_reads`, likewise.
    """

    image: str
    chain: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    parent_dirs: tuple[str, ...] = ()
    log: str = "replay"
    header: int | None = None
    without_parent: bool = False
    reads: tuple[Range, ...] = ()
    random_reads: tuple[Range, ...] = ()
    is_whole: bool = False
    out: str = ""
    random_out: str = ""


@dataclass(frozen=True, slots=True)
class FailedRead:
    """A read that gave an error.

    Attributes:
        is_random: it is one of the random reads.
        index: of the read in its list.
        message: the reader's words.
    """

    is_random: bool
    index: int
    message: str


@dataclass(frozen=True, slots=True)
class ShortRead:
    """A read that gave fewer bytes than asked for, although the disk goes on, and no error; see `FailedRead`."""

    is_random: bool
    index: int
    length: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader did.

    Attributes:
        verdict: "refused" where the file could not be opened at all (a read that fails is in `failed`); "skipped" where
            the reader was not run, for the reason in the message.
        message: the reader's words, or what ended it.
        rule: id of the rule by which it was refused, of readers that give one.
        size: of the disk in bytes, None where the reader does not say.
        has_bytes: `out` holds the reads; False where the reader was only asked whether it opens the file.
        has_random: `random_out` holds the random reads.
        failed: reads without bytes.
        short: reads that ended early.
        warnings: what the reader said although it went on.
        peak: most memory held at once, in bytes; 0 where the system does not say.
        seconds: that it took.
    """

    verdict: Verdict
    message: str = ""
    rule: str = ""
    size: int | None = None
    has_bytes: bool = False
    has_random: bool = False
    failed: tuple[FailedRead, ...] = ()
    short: tuple[ShortRead, ...] = ()
    warnings: tuple[str, ...] = ()
    peak: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WrongRead:
    """What a command that shows a failure needs to know.

    Attributes:
        image: path as it is to be written in the command.
        chain: paths of its parents, the nearest first.
        read: virtual offset and length of the read that shows it.
        at: virtual offset of the first wrong byte.
    """

    image: str
    chain: tuple[str, ...]
    read: Range
    at: int

    @property
    def slice(self) -> str:
        """The sixteen bytes from the first wrong one on, as a slice of the read in Python."""
        start = self.at - self.read[0]
        return f"{start or ''}:{start + _SHOWN}"


@dataclass(frozen=True, slots=True)
class Limit:
    """A feature that the reader's authors say it lacks.

    Attributes:
        feature: "differencing", "sector-4096" or "dirty-log".
        evidence: where they say so.
    """

    feature: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader.

    Attributes:
        name: by which it is chosen.
        title: for people.
        url: of the project.
        prepare: imports or finds it and returns its version; raises `Absent`.
        run: reads one image.
        show: the command for a shell with which anybody sees a failure.
        limits: features that it is documented to lack.
        options: what of "parents", "parent_dirs", "log", "header" and "without_parent" it can be asked for.
        changes_files: changing the file is what its user asks for.
    """

    name: str
    title: str
    url: str
    prepare: Callable[[], str]
    run: Callable[[Request], Answer]
    show: Callable[[WrongRead], str]
    limits: tuple[Limit, ...] = ()
    options: frozenset[str] = field(default_factory=frozenset)
    changes_files: bool = False
