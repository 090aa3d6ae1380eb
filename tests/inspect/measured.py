"""Run as a program: does one thing with one file's tree and says, as JSON, what it cost.

What importing costs is not counted, except for what is imported only once it is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.patience import HANG
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.inspect import explain_file, find, record, render, tree

LINES = 200_000


class Cost(NamedTuple):
    """Lines made, or 1; seconds of the processor; memory at its peak in MiB."""

    lines: int
    seconds: float
    mib: float


def cost_of(what: str, path: Path, argument: object = "") -> Cost:
    """Measure in a fresh process; skips where the system does not say what a process used."""
    if not Path("/proc/self/status").exists():
        pytest.skip("memory and time of a process: no /proc/self/status here")
    command = [sys.executable, "-m", "tests.inspect.measured", what, str(path), str(argument)]
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root, timeout=HANG)
    assert done.returncode == 0, done.stderr[-3000:]
    return Cost(**json.loads(done.stdout))


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


def _json(image: Image, _: str) -> int:
    return sum(1 for _ in islice(record.lines(tree(image)), LINES))


def _text(image: Image, path: str) -> int:
    node = find(tree(image), path)
    assert node is not None
    return sum(1 for _ in render.lines(node, render.Style(depth=2, limit=40)))


def _explain(image: Image, offset: str) -> int:
    explain_file.explain(image, int(offset))
    return 1


def _select(image: Image, text: str) -> int:
    from vhdx_runtime.inspect.facts import condition
    from vhdx_runtime.inspect.selection import select

    return sum(1 for _ in select(tree(image), "bat[*]", [condition(text)]))


def _query(image: Image, expression: str) -> int:
    from vhdx_runtime.inspect.query import parse, run

    return sum(1 for _ in run(tree(image), parse(expression)))


WHAT: dict[str, Callable[[Image, str], int]] = {
    "json": _json,
    "text": _text,
    "explain": _explain,
    "select": _select,
    "query": _query,
}


def main(what: str, path: str, argument: str) -> dict[str, object]:
    """Do it and measure it."""
    before, start = _peak(), time.process_time()
    image = load_image(open_source(path))
    lines = WHAT[what](image, argument)
    image.close()
    return {"lines": lines, "seconds": time.process_time() - start, "mib": _peak() - before}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
