"""What the adapters of programs share: run one, take its output to a sparse file, and say how it ended.

Limits are those of the process that calls it, which the program inherits.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from ...wording import shell_word
from .interface import Absent, Answer, Reader, Request, WrongRead
from .library import write_sparse

_POLL_SECONDS = 0.002
_SHOWN = 600
_STEP = 1 << 20
_KIB = 1 << 10
_NO_MEMORY = re.compile("cannot allocate memory|failed to allocate|can't allocate|memoryerror|bad_alloc", re.I)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        code: exit code, negative for a signal.
        text: the last of what it wrote to stderr, one line.
        peak: most memory held at once, in bytes.
        length: of its output in bytes, as far as it was taken.
    """

    code: int
    text: str
    peak: int
    length: int = 0


def find(*names: str, install: str) -> str:
    """Path of the first of some programs that is there.

    Raises:
        Absent: none is.
    """
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise Absent(install)


def first_line(*arguments: str) -> str:
    """The first line that a program prints which is not empty."""
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, errors="replace", env=environment())
    return next((line.strip() for line in done.stdout.splitlines() if line.strip()), "")


def environment() -> dict[str, str]:
    """Ours, with messages in English."""
    return os.environ | {"LC_ALL": "C.UTF-8"}


def execute(arguments: Sequence[str], folder: Path, out: str = "", out_max: int = 0) -> Ended:
    """Run a program to its end.

    Args:
        arguments: program and arguments.
        folder: to run it in.
        out: file for its standard output, "" for none.
        out_max: bytes of output to take; a program that writes more is ended.
    """
    with tempfile.TemporaryFile(dir=folder) as errors:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if out else subprocess.DEVNULL,
            stderr=errors,
            env=environment(),
        )
        peak, length = (0, _take(process, out, out_max)) if out else (0, 0)
        while process.poll() is None:
            peak = max(peak, peak_of(process.pid))
            time.sleep(_POLL_SECONDS)
        return Ended(process.returncode, tail(errors), max(peak, _children_peak()), length)


def died(ended: Ended) -> Answer | None:
    """The answer where a signal or the lack of memory ended a program, None where it ended by itself."""
    if _NO_MEMORY.search(ended.text):
        return Answer("memory", ended.text, peak=ended.peak)
    if ended.code >= 0:
        return None
    number = -ended.code
    if number == signal.SIGXCPU:
        return Answer("hang", "used up its processor time", peak=ended.peak)
    return Answer("crash", f"{signal.Signals(number).name} {ended.text}".strip(), peak=ended.peak)


def _take(process: subprocess.Popen[bytes], out: str, out_max: int) -> int:
    stdout = process.stdout
    length = 0
    if stdout is None:
        return length
    with stdout, open(out, "wb") as file:
        while data := stdout.read(_STEP):
            write_sparse(file, length, data[: max(out_max - length, 0)])
            length += len(data)
            if length > out_max:
                process.kill()
                break
        file.truncate(min(length, out_max))
    return length


def tail(errors: IO[bytes]) -> str:
    """The end of a file of messages, in one line."""
    errors.seek(max(errors.seek(0, os.SEEK_END) - 4 * _SHOWN, 0))
    text = " ".join(errors.read().decode(errors="replace").split())
    return text if len(text) <= _SHOWN else f"… {text[-_SHOWN:]}"


def peak_of(pid: int) -> int:
    """Most memory that a running program has held, in bytes; 0 where the system does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * _KIB for line in lines if line.startswith("VmHWM:")), 0)


def _children_peak() -> int:
    """What the system says of programs that ended, unless that is only what this process had when it started them."""
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _KIB
    return most if most > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB else 0


PREFIX = "command "


def make(text: str) -> Reader:
    """The reader of a command line.

    Args:
        text: the command line, quoted as for a shell; "NAME=" before it gives the reader a name.

    Returns:
        The reader; its name is that of the program where none is given.

    Raises:
        ValueError: no command, or no `{image}` in it.
    """
    name, separator, rest = text.partition("=")
    if not separator or not name.strip().replace("-", "").replace("_", "").isalnum():
        name, rest = "", text
    words = shlex.split(rest)
    if not words or not any("{image}" in word for word in words):
        raise ValueError(f"expected a command with {{image}} in it (and {{out}}, or raw bytes on stdout): {text!r}")
    name = name.strip() or Path(words[0]).name
    return Reader(
        name=name,
        title=name,
        url="",
        prepare=partial(_prepare, words[0]),
        run=partial(_run, tuple(words)),
        show=partial(_show, tuple(words)),
    )


def _prepare(word: str) -> str:
    find(word, install=f"no program is called {word}")
    return "as found"


def _run(words: tuple[str, ...], request: Request) -> Answer:
    if not request.is_whole:
        return Answer("skipped", "the disk is too large to be written out")
    has_out = any("{out}" in word for word in words)
    arguments = [word.replace("{image}", request.image).replace("{out}", request.out) for word in words]
    size = sum(length for _, length in request.reads)
    ended = execute(arguments, Path(request.image).parent, "" if has_out else request.out, size)
    death = died(ended) if ended.length <= size else None
    if death is not None or (ended.code and ended.length <= size):
        return death or Answer("refused", ended.text or f"exit code {ended.code}", peak=ended.peak)
    out = Path(request.out)
    if not out.exists():
        return Answer("refused", f"exit code 0, but no file was written. {ended.text}".strip(), peak=ended.peak)
    size = out.stat().st_size if has_out else ended.length
    return Answer("opened", ended.text, size=size, has_bytes=True, peak=ended.peak)


def _show(words: tuple[str, ...], failure: WrongRead) -> str:
    """Every word quoted as a whole: a name may stand inside a script that a shell runs."""
    image = f"./{failure.image}" if failure.image.startswith("-") else failure.image
    return " ".join(shell_word(word.replace("{image}", image).replace("{out}", "out.raw")) for word in words)
