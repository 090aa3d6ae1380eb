"""Run as a program: opens one file and says, as JSON, how that ended and what it cost in time and memory.

What importing costs is not counted, except for what is imported only once it is needed. Time is the processor's, so
that a busy machine changes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import vhdx_runtime as vhdx
from tests.support.patience import AS_USERS, HANG, assert_quick
from vhdx_runtime.codec.source import open_source
from vhdx_runtime.disk.image import load_image

MIB = 1 << 20


class Cost(NamedTuple):
    """How an attempt ended ("opened" or a rule id), seconds of the processor, and memory at its peak."""

    outcome: str
    seconds: float
    mib: float


def assert_cheap(cost: Cost, *, mib: int = 50, seconds: float = 1.0) -> None:
    """Fail where an attempt took more memory or time than this."""
    assert cost.mib < mib, cost
    assert_quick(cost.seconds, seconds, str(cost))


def costs(path: Path) -> dict[str, Cost]:
    """Measure in a fresh process what it costs to "open" a file and read a little, and to "load" it and list its log.

    Skips where the system does not say what a process used.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("memory and time of a process: no /proc/self/status here")
    command = [sys.executable, "-m", "tests.support.measured", str(path)]
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root, timeout=HANG, env=AS_USERS)
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: Cost(**values) for name, values in json.loads(done.stdout).items()}


def _peak() -> float:
    """Most memory that this program has held at once, in MiB. Not ru_maxrss: that one also remembers the parent's."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _open(path: str) -> str:
    try:
        with vhdx.open(path, without_parent=True, salvage=True) as disk:
            for offset in (0, disk.size // 2, max(disk.size - 65536, 0)):
                disk.read_at(offset, 65536)
            list(islice(disk.ranges(0, min(disk.size, 64 * MIB)), 1000))
    except vhdx.VhdxError as error:
        return str(error.rule)
    return "opened"


def _load(path: str) -> str:
    image = load_image(open_source(path))
    image.log.entries()
    rule = next((finding.rule for finding in image.findings if finding.verdict == "refuse"), "opened")
    image.close()
    return rule


def main(path: str) -> dict[str, Any]:
    """Do it and measure it; memory is counted from before the first attempt."""
    before = _peak()
    found = {}
    for name, use in (("open", _open), ("load", _load)):
        start = time.process_time()
        outcome = use(path)
        found[name] = {"outcome": outcome, "seconds": time.process_time() - start, "mib": _peak() - before}
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
