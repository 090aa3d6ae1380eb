"""The errors that reading a VHDX can raise, and the place that they speak of.

A class is a thing that a caller does; the reason is a rule id.

::

    VhdxError                  .rule, .place, .spec, .hint
    ├── FormatError            these bytes are not that structure
    ├── IntegrityError         decodable, but contradicts itself
    ├── UnsupportedError       valid, but requires what is not implemented here
    ├── ChainError             a parent is missing, mismatched, looping or outside the allowed places
    └── FileError              the system could not open or read a file; an OSError, too
        ├── MissingFileError       a FileNotFoundError, too
        ├── ForbiddenFileError     a PermissionError, too
        └── TakenFileError         a FileExistsError, too
"""

from __future__ import annotations

import errno
from typing import Any, Final, NamedTuple

SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""The system has no more of something; a file that could not be opened may be there all the same."""


class Place(NamedTuple):
    """Where in a file something stands.

    Attributes:
        structure: name of the structure, as in the schema, or of a copy of it ("header 2").
        field: name of the field, or "" for the structure as a whole.
        file_offset: absolute file offset in bytes, or None where there is none (a missing item, say).
    """

    structure: str
    field: str = ""
    file_offset: int | None = None

    def __str__(self) -> str:
        name = f"{self.structure} {self.field}".rstrip()
        return name if self.file_offset is None else f"{name} at {self.file_offset:#x}"


class VhdxError(Exception):
    """Root of everything that this package raises about an image.

    Attributes:
        rule: id of the broken rule, such as "HDR-002", or None (an I/O error, say).
        place: where in the file, or None.
        spec: section of MS-VHDX, such as "2.2.2", or None.
        hint: what to do next, in one sentence, with the argument of `vhdx_runtime.open` or the command that does it; ""
            where nothing is known.
        next_step: the same with the options of the commands.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: str | None = None,
        place: Place | None = None,
        spec: str | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.place = place
        self.spec = spec
        self.next_step = hint

    @property
    def hint(self) -> str:
        """What to do next, for who calls from Python."""
        from .hints import in_python  # seldom needed

        return in_python(self.next_step)


class FormatError(VhdxError):
    """These bytes are not that structure: truncated, wrong signature, undecodable."""


class IntegrityError(VhdxError):
    """Decodable, but contradicts itself: checksum, sequence, bounds."""


class UnsupportedError(VhdxError):
    """Valid, but requires what is not implemented here: an unknown required region or item, a version."""


class ChainError(VhdxError):
    """A parent is missing, mismatched, looping or outside the allowed places."""


class FileError(VhdxError, OSError):
    """The system could not open or read a file.

    It is an `OSError`, too: `errno`, `strerror` and `filename` are those of its cause.
    """

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (type(self), str(self), self.errno, self.strerror, self.filename), self.__dict__


class MissingFileError(FileError, FileNotFoundError):
    """There is no such file."""


class ForbiddenFileError(FileError, PermissionError):
    """The system does not let this user read the file."""


class TakenFileError(FileError, FileExistsError):
    """A new file may not have the name: there is such a file, or something that may not be replaced."""


_NEXT: Final = {
    errno.ENOENT: "check the name; it counts from the current folder unless it starts with a slash",
    errno.ENOTDIR: "check the name; one of its folders is a file",
    errno.ENAMETOOLONG: "check the name; the system allows none so long",
    errno.ELOOP: "check the links that the name goes through; they lead in a circle",
    errno.EACCES: "have somebody who may do so run this, or give you the permission; or name another folder",
    errno.EPERM: "have somebody who may do so run this, or give you the permission; or name another folder",
    errno.EIO: "copy the medium first, with GNU ddrescue say, and read the copy",
    errno.ENOSPC: "make room on the target, or name another one",
    errno.EROFS: "the medium is read-only; copy the file elsewhere",
}
"""What to do next about an error of the system."""

_STOP: Final = "stop whatever writes to the file, or copy it, and do it again"


def file_error(message: str, cause: OSError, filename: str) -> FileError:
    """An error of the system as one of this package.

    Args:
        message: what is told.
        cause: the system's error.
        filename: the file, as the caller named it.
    """
    kind = MissingFileError if isinstance(cause, FileNotFoundError) else FileError
    kind = ForbiddenFileError if isinstance(cause, PermissionError) else kind
    error = _rebuilt(kind, message, cause.errno, cause.strerror, filename)
    error.next_step = system_hint(cause)
    return error


def system_hint(cause: OSError) -> str:
    """What to do next about an error of the system; "" where nothing is known."""
    return _NEXT.get(cause.errno or 0, "")


def became_shorter(name: str) -> IntegrityError:
    """The error for a file that somebody cuts off while it is read."""
    return IntegrityError(f"{name}: the file became shorter while it was read", hint=_STOP)


def changed_meanwhile(name: str) -> IntegrityError:
    """The error for a file that somebody writes to while it is read."""
    return IntegrityError(f"{name}: the file changed while it was read", hint=_STOP)


def _rebuilt(kind: type[FileError], message: str, number: int | None, text: str | None, filename: str) -> FileError:
    error = kind(message)
    error.errno, error.strerror, error.filename = number, text, filename
    return error
