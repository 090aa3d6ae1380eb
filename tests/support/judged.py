"""What must hold of any file whatever: it is opened, read, checked and inspected, and nothing but VhdxError escapes.

`judge` is the one judgement of mutants, for the tests and for long campaigns. Run as a program
(`python -m tests.support.judged FIRST COUNT`) it judges the mutants of some seeds in a process of its own and says, as
JSON, how they ended and what the dearest of them cost.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import vhdx_runtime as vhdx
from tests.support.mutators import applied, mutant
from tests.support.patience import assert_quick
from tests.support.specimens import parent, specimens
from vhdx_runtime.check import Report, check_image
from vhdx_runtime.codec.source import BytesSource, Source
from vhdx_runtime.disk.image import Image, load_image
from vhdx_runtime.findings import raise_first
from vhdx_runtime.inspect import leaves, record, render, tree

MIB = 1 << 20
SMALL = 16 * MIB  # files up to this size have the limits below; larger ones in proportion
SECONDS = 2.0  # of the processor, for each use
GROWTH = 256  # MiB, for all uses together
EVERY = 16  # of so many mutants one is shown whole: as JSON, and every byte once
LINES = 100_000
STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def judge(name: str, raw: bytes | bytearray | memoryview, seed: int) -> str:
    """Open, read, check and inspect a file.

    Args:
        name: what the file is made of, for the message.
        raw: the file.
        seed: of the options of opening and of what is read; 1 of 16 seeds shows the whole tree too.

    Returns:
        "read", "lost a block" (some of the disk cannot be read) or "refused".

    Raises:
        AssertionError: something other than a VhdxError escaped, the uses contradict one another, or one of them took
            more time or memory than a small file may cost.
    """
    factor = max(1.0, len(raw) / SMALL)
    before = fresh_peak()
    try:
        outcome = timed("open and read", lambda: used(raw, seed), factor)
        with load_image(BytesSource(raw)) as image:
            timed("check", lambda: checked(image), factor)
            timed("inspect", lambda: inspected(image, is_whole=seed % EVERY == 0), factor)
    except BaseException as error:
        raise AssertionError(f"seed {seed}, made of {name}: {type(error).__name__}: {error}") from error
    grown = peak() - before
    assert grown <= GROWTH * factor, f"seed {seed}, made of {name}: memory grew by {grown:.0f} MiB"
    return outcome


def timed(what: str, use: Callable[[], Any], factor: float = 1.0) -> Any:
    """Do something with a file; fails where that takes too much of the processor's time."""
    start = time.process_time()
    result = use()
    seconds = time.process_time() - start
    assert_quick(seconds, SECONDS * factor, what)
    return result


def peak() -> float:
    """Most memory that this process has held since `fresh_peak`, in MiB; 0 where the system does not say."""
    return _status("VmHWM") if STATUS.exists() else 0.0


def fresh_peak() -> float:
    """Forget the peak so far; returns the memory that the process holds now, in MiB."""
    if not STATUS.exists():
        return 0.0
    try:
        PEAK_RESET.write_text("5")
    except OSError:  # not allowed here: only what rises above all that was before is seen
        return _status("VmHWM")
    return _status("VmRSS")


def _status(name: str) -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


def options(seed: int) -> dict[str, Any]:
    """Mostly the defaults; each rescue now and then."""
    at = random.Random(f"options {seed}")
    chosen: dict[str, Any] = {"salvage": at.random() < 0.3}
    if at.random() < 0.3:
        chosen["without_parent"] = True
    else:
        chosen["parents"] = [parent()]
    if at.random() < 0.1:
        chosen["log"] = "ignore"
    if at.random() < 0.1:
        chosen["header"] = at.choice((1, 2))
    return chosen


def used(raw: bytes | bytearray | memoryview, seed: int) -> str:
    """Open a file, read here and there; says how it ended."""
    at = random.Random(f"reads {seed}")
    outcome = "read"
    try:
        with vhdx.open(raw, **options(seed)) as disk:
            for _ in range(4):
                offset, length = at.choice((0, MIB - 100, at.randrange(disk.size + 1), disk.size)), at.randrange(70_000)
                try:
                    found = disk.read_at(offset, length)
                except vhdx.IntegrityError:
                    outcome = "lost a block"
                else:
                    assert len(found) == max(0, min(length, disk.size - offset))
            list(islice(disk.ranges(0, min(disk.size, 8 * MIB)), 500))
    except vhdx.VhdxError:
        return "refused"
    return outcome


def checked(file: Image | bytes | bytearray | memoryview | Source) -> Report:
    """Check a file, and hold the report against what opening does."""
    if not isinstance(file, Image):
        with load_image(file if isinstance(file, Source) else BytesSource(file)) as image:
            return checked(image)
    report = check_image(file)
    try:
        raise_first(file.findings)
        refused = False
    except vhdx.VhdxError:
        refused = True
    assert (report.state == "unreadable") == refused
    are_notes = all(finding.verdict == "note" for finding in report.findings) and not report.possible_loss
    assert (report.state == "healthy") == (are_notes and not refused)
    assert (report.state == "damaged") == (report.lost.bytes > 0 and not refused)
    assert not report.cut or report.is_serious
    assert set(report.totals) == {finding.rule for finding in report.findings}
    assert all(report.totals[rule] >= count for rule, count in Counter(f.rule for f in report.findings).items())
    for guest in (report.lost, report.doubtful):
        end = -1
        for start, length in guest.ranges:
            assert start > end, "in order, neighbours joined"
            end = start + length
        assert end <= file.size
        listed = sum(length for _, length in guest.ranges)
        assert guest.bytes == listed if guest.is_complete else guest.bytes >= listed
    return report


def inspected(image: Image, *, is_whole: bool) -> None:
    """Show the tree as `vhdx inspect` does; or all of it as JSON, and hold its leaves against the file."""
    if not is_whole:
        assert sum(1 for _ in render.lines(tree(image), render.Style(depth=2, limit=40))) > 1
        return
    text = list(islice(record.lines(tree(image)), LINES))
    if len(text) < LINES:
        assert json.loads("".join(text))["size"] == image.source.size
    extents = sorted(extent for leaf in islice(leaves(tree(image)), LINES) for extent in leaf.extents or ())
    assert all(start + length <= after for (start, length), (after, _) in pairwise(extents))
    if len(text) < LINES:
        assert sum(length for _, length in extents) == image.source.size, "every byte is in one leaf"


def main(first: int, count: int) -> dict[str, Any]:
    """Judge the mutants of some seeds; memory is counted over all of them together."""
    outcomes: Counter[str] = Counter()
    zoo = specimens()
    intact = [bytes(raw) for _, raw, _ in zoo]
    parent()
    before, highest = fresh_peak(), 0.0
    for seed in range(first, first + count):
        name, raw, places = zoo[seed % len(zoo)]
        damage = mutant(seed, raw, places)
        with applied(raw, damage) as damaged:
            try:
                outcomes[judge(name, damaged, seed)] += 1
            except AssertionError as error:
                error.add_note(damage.words)
                raise
        highest = max(highest, peak())
    assert [bytes(raw) for _, raw, _ in zoo] == intact, "the mutator cleans up"
    return {"outcomes": outcomes, "mib": max(0.0, highest - before)}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
