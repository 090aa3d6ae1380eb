"""The readers that the suite knows, each in a module of its own; see `interface` for what a reader is.

No module here imports what it adapts before `prepare` or `run` is called, which the worker does in its own process.
"""

from __future__ import annotations

from . import dissect, ours, program, pyvhdi, qemu_img, qemu_nbd, refinery, seven_zip
from .interface import Absent, Answer, FailedRead, Limit, Reader, Request, ShortRead, WrongRead

READERS = {
    reader.name: reader
    for reader in (
        ours.READER,
        qemu_img.READER,
        qemu_img.REPAIRING_READER,
        qemu_nbd.READER,
        pyvhdi.READER,
        dissect.READER,
        seven_zip.READER,
        refinery.READER,
    )
}


def find(name: str) -> Reader:
    """The reader of a name, or of a command line: "command NAME=PROGRAM {image} {out}".

    Raises:
        ValueError: no reader is called that, or the command line has no `{image}`.
    """
    if name in READERS:
        return READERS[name]
    if name.startswith(program.PREFIX):
        return program.make(name.removeprefix(program.PREFIX))
    known = ", ".join(READERS)
    raise ValueError(f"no reader is called {name}; there are {known}, and 'command PROGRAM {{image}} {{out}}'")


__all__ = ["READERS", "Absent", "Answer", "FailedRead", "Limit", "Reader", "Request", "ShortRead", "WrongRead", "find"]
