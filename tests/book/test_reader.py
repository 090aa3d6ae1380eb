"""The reader that a chapter of the book builds, put together from that page, stands before the conformance cases."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime.book
from tests.support.cases import all_cases
from tests.support.sampling import sampled
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.conformance.judge import sampling

PAGE = Path(vhdx_runtime.book.__file__).parent / "pages" / "write-a-reader.md"
CODE = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S))
CASES = [case for case in all_cases() if not case.open.parents and not case.open.parent_dirs]
FIRST = list({(case.area, case.entry): case for case in reversed(CASES)}.values())[::-1]


@pytest.fixture(scope="module")
def reader() -> dict[str, Any]:
    """The names of the module."""
    names: dict[str, Any] = {"__name__": "reader"}
    exec(compile(CODE, "reader.py", "exec"), names)
    return names


def judged(reader: dict[str, Any], case: Case, folder: Path) -> str:
    """What the reader does that the case does not ask for, or ""."""
    folder.mkdir()
    built = case.build(folder)
    refused = reader["Refused"]
    try:
        disk = reader["Disk"](str(built.opened))
        if case.expect == "refuse":
            disk.read(0, min(disk.size, 1 << 20))
    except refused as error:
        return f"refused for {error}" if case.expect == "read" else ""
    if case.expect in ("refuse", "either"):
        return "opened" if case.expect == "refuse" else ""
    if disk.size != built.expected.size:
        return f"{disk.size} bytes of disk"
    for offset, length in (*sampling.ranges(built.expected), *sampling.small_reads(built.expected)):
        try:
            is_wrong = disk.read(offset, length) != built.expected.read(offset, length)
        except refused as error:
            if case.expect == "read":
                return f"refuses {length} at {offset:#x} for {error}"
            continue
        if is_wrong and not any(start < offset + length and offset < start + size for start, size in case.lost):
            return f"wrong bytes in {length} at {offset:#x}"
    return ""


def test_there_are_cases() -> None:
    assert len(CASES) > 650
    assert len(FIRST) > 150


@pytest.mark.parametrize("area", sampled(sorted({case.area for case in FIRST}), "chains", "headers", "log-sequences"))
def test_the_reader_of_the_book_passes_a_case_of_each_declaration(
    reader: dict[str, Any], area: str, tmp_path: Path
) -> None:
    own = [case for case in FIRST if case.area == area]
    wrong = {case.id: problem for case in own if (problem := judged(reader, case, tmp_path / case.id))}
    assert wrong == {}


def test_the_reader_of_the_book_runs_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "reader.py").write_text(CODE)
    line = re.search(r"^\$ vhdx (conformance run --reader) '(.*)'$", PAGE.read_text("utf-8"), re.M)
    assert line
    command = line[2].replace("python reader.py", shlex.join([sys.executable, str(tmp_path / "reader.py")]))
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from vhdx_runtime.cli import main; main()",
            *line[1].split(),
            command,
            "--case",
            "header-[12]-*",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine" in done.stdout
