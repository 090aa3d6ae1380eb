"""Converting to a raw image, each contender as a whole process."""

from __future__ import annotations

import filecmp
import json
import shutil
import sys
from pathlib import Path

from .images import BLOCK, MIB, scrambled
from .measure import Contender, Figure, Section, counted, interleave, medians


def run(folder: Path) -> list[Section]:
    """Measure `vhdx convert`, `qemu-img convert` and a bare copy of the allocated bytes."""
    qemu_img = shutil.which("qemu-img")
    if not qemu_img:
        raise SystemExit("qemu-img is missing (Debian: apt-get install qemu-utils)")
    sample = scrambled(folder, "convert.vhdx", data_blocks=2048, empty_blocks=256)
    plan = folder / "plan.json"
    ranges = [(offset, number * BLOCK, BLOCK) for number, offset in sample.blocks.items()]
    plan.write_text(json.dumps({"size": sample.size, "ranges": ranges}))
    data, total = len(sample.blocks), sample.size // BLOCK
    ours, theirs, bare = folder / "ours.raw", folder / "qemu.raw", folder / "bare.raw"
    command = Path(sys.executable).with_name("vhdx")
    copy = Path(__file__).with_name("bare_copy.py")

    def remove() -> None:
        for out in (ours, theirs, bare):
            out.unlink(missing_ok=True)

    used: dict[str, list[float]] = {}
    commands = {
        "vhdx convert": (command, "convert", sample.path, ours),
        "qemu-img convert": (qemu_img, "convert", "-f", "vhdx", "-O", "raw", sample.path, theirs),
        "bare copy": (sys.executable, copy, plan, sample.path, bare),
    }
    contenders = [Contender(name, counted(name, used, *words), remove) for name, words in commands.items()]
    times = interleave(contenders)
    processor = medians({name: values[1:] for name, values in used.items()})
    remove()
    for contender in contenders:
        contender.run()
    assert filecmp.cmp(ours, theirs, shallow=False), "the two conversions differ"
    assert filecmp.cmp(ours, bare, shallow=False), "the conversion differs from the plan"
    stored = ours.stat().st_blocks * 512
    for path in (ours, theirs, bare, plan, sample.path):
        path.unlink()
    seconds = medians(times)
    return [
        Section(
            "convert to raw",
            f"{data} data blocks of 1 MiB in scrambled order and {total - data} without data; "
            "whole processes, the output removed before each round. The bare copy is a Python process that only "
            "does `copy_file_range` over a list. Most of the time is the system's, for fresh pages of the output, "
            "and depends on who gave memory back before: the order turns from round to round, and the two are "
            "held against one another by the processor's seconds, the system's among them.",
            seconds,
            times,
            [
                Figure("vs qemu-img", "time", seconds["vhdx convert"] / seconds["qemu-img convert"], " ×", at_most=0.7),
                Figure("vs bare copy", "time", seconds["vhdx convert"] / seconds["bare copy"], " ×"),
                Figure(
                    "vs bare copy",
                    "processor time",
                    processor["vhdx convert"] / processor["bare copy"],
                    " ×",
                    at_most=1.25,
                ),
                Figure("stored", "bytes beyond the data", stored / MIB - data, " MiB", at_most=1),
            ],
        )
    ]
