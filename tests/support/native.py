"""The mutators in C, compiled with sanitizers and asked over a pipe."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.modules import ROOT

INCLUDE = ROOT / "generated" / "vhdx_format"
DRIVER = ROOT / "tests" / "fuzz_mutate" / "native.c"
STRICT = ["-Wall", "-Wextra", "-Werror", "-g", "-I", str(INCLUDE)]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LIMIT = 1 << 20


class Answer(NamedTuple):
    """What the program says: whether it could, and the bytes."""

    is_done: bool
    data: bytes


class Native:
    """The program, for as long as it is asked; a sanitizer that finds something ends it with its report."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def ask(self, letter: str, data: bytes, *, seed: int = 0, limit: int = LIMIT, other: bytes = b"") -> Answer:
        """Ask: "u" unpack, "p" unpack and pack again, "s" the same with right checksums, "m" mutate."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            request = struct.pack("<cQQQQ", letter.encode(), seed, limit, len(data), len(other))
            self._process.stdin.write(request + data + other)
            self._process.stdin.flush()
            status, size = struct.unpack("<QQ", self._process.stdout.read(16))
            return Answer(status == 0, self._process.stdout.read(size))
        except (OSError, struct.error):
            assert self._process.stderr is not None
            found = self._process.stderr.read().decode(errors="replace")
            raise AssertionError(f"{letter} seed {seed} limit {limit} of {data[:400].hex()}\n{found[:6000]}") from None

    def close(self) -> None:
        """End the program; what it never freed is a failure."""
        _, found = self._process.communicate()
        assert self._process.returncode == 0, found.decode(errors="replace")[:6000]


def compiler(name: str) -> str:
    """A compiler that is here, or a skip that names it."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"C header: no {name}")
    return found


def build(out: Path, name: str, *options: str, source: Path = DRIVER) -> Path:
    """Compile a program that includes the header; a skip where the compiler or its sanitizers are absent."""
    command = [compiler(name), *STRICT, *options, str(source), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if "cannot find" in done.stderr and "san" in done.stderr:
        pytest.skip(f"C header: no sanitizers for {name}")
    assert done.returncode == 0, done.stderr[-4000:]
    return out
