"""Converting a raw image to a VHDX, each contender as a whole process; on a file system with reflinks, too."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .images import MIB
from .measure import Contender, Failed, Figure, Section, counted, interleave, medians, started

SIZE = 1920  # MiB, half of it data: a machine that gives a free GiB back to its host then has it still at hand
FULL = 4096  # MiB, all data, which files share; so that starting a process is a small part
TOOLS = ("mkfs.xfs", "mount", "umount")


def run(folder: Path) -> list[Section]:
    """Measure `vhdx convert`, `qemu-img convert` and `cp`."""
    if not shutil.which("qemu-img"):
        raise SystemExit("qemu-img is missing (Debian: apt-get install qemu-utils)")
    raw = _raw(folder / "in.raw", holes=True)
    commands = {
        "vhdx convert": _ours(raw, folder / "1"),
        "qemu-img convert": _qemu(raw, folder / "2"),
        "vhdx convert, 2 MiB": _ours(raw, folder / "3", "--block-size", "2M"),
        "qemu-img convert, 2 MiB": _qemu(raw, folder / "4", "-o", "block_size=2M"),
        "cp --sparse=always": ["cp", "--sparse=always", raw, folder / "5"],
    }
    section, spent = _section(
        "raw to dynamic VHDX",
        f"A raw image of {SIZE} MiB, half of it data in pieces of 1 MiB, with the usual blocks of each program and "
        "with blocks of 2 MiB.",
        commands,
    )
    section.figures[:] = [
        Figure("vs qemu-img", "processor time", spent["vhdx convert"] / spent["qemu-img convert"], " ×", at_most=1),
        Figure(
            "vs qemu-img, 2 MiB",
            "processor time",
            spent["vhdx convert, 2 MiB"] / spent["qemu-img convert, 2 MiB"],
            " ×",
            at_most=0.75,
        ),
        Figure("vs cp", "processor time", spent["vhdx convert"] / spent["cp --sparse=always"], " ×", at_most=1.4),
    ]
    raw.unlink()
    return [section, _reflinks(folder)]


def _reflinks(folder: Path) -> Section:
    title = "raw to fixed, with reflinks"
    if os.geteuid() or not all(map(shutil.which, TOOLS)):
        return Section(title, f"SKIPPED: needs root and {', '.join(TOOLS)} (Debian: xfsprogs).", {}, {}, [])
    try:
        with _xfs(folder) as top:
            raw = _raw(top / "in.raw", holes=False)
            commands = {
                "fixed VHDX": _ours(raw, top / "1", "--type", "fixed"),
                "fixed VHD": _ours(raw, top / "2", "--format", "vhd"),
                "qemu-img convert": _qemu(raw, top / "3", "-o", "subformat=fixed"),
            }
            method = f"A raw image of {FULL} MiB of data on XFS, which lets files share what they hold."
            section, spent = _section(title, method, commands)
    except Failed as error:
        return Section(title, f"SKIPPED: no XFS can be mounted here: {error}", {}, {}, [])
    for name in ("fixed VHDX", "fixed VHD"):
        ratio = spent[name] / spent["qemu-img convert"]
        section.figures.append(Figure(f"{name} vs qemu-img", "processor time", ratio, " ×", at_most=0.15))
    return section


def _section(title: str, method: str, commands: dict[str, list[object]]) -> tuple[Section, dict[str, float]]:
    """Time commands whose last word is their output; the seconds of the processor of each."""
    used: dict[str, list[float]] = {}

    def remove() -> None:
        for words in commands.values():
            Path(str(words[-1])).unlink(missing_ok=True)

    times = interleave([Contender(name, counted(name, used, *words), remove) for name, words in commands.items()])
    remove()
    spent = medians({name: values[1:] for name, values in used.items()})
    notes = ["Seconds of the processor: " + ", ".join(f"{name} {value:.3f}" for name, value in spent.items()) + "."]
    method += (
        " Whole processes, the output removed before each round; held against one another by the processor's seconds."
    )
    return Section(title, method, medians(times), times, [], notes), spent


def _ours(raw: Path, out: Path, *options: str) -> list[object]:
    command = Path(sys.executable).with_name("vhdx")
    return [command, "convert", "--format", "vhdx", *options, raw, out]


def _qemu(raw: Path, out: Path, *options: str) -> list[object]:
    return ["qemu-img", "convert", "-f", "raw", "-O", "vhdx", *options, raw, out]


def _raw(path: Path, *, holes: bool) -> Path:
    """A raw image; every second MiB of one with holes is missing."""
    draw = random.Random(1)
    size = SIZE if holes else FULL
    with open(path, "wb") as file:
        for number in range(0, size, 1 + holes):
            file.seek(number * MIB)
            file.write(draw.randbytes(MIB))
        file.truncate(size * MIB)
    return path


@contextmanager
def _xfs(folder: Path) -> Iterator[Path]:
    """An XFS in a file, mounted."""
    image, top = folder / "xfs.img", folder / "xfs"
    top.mkdir()
    with open(image, "wb") as file:
        file.truncate(3 * FULL * MIB)
    started("mkfs.xfs", "-q", "-m", "reflink=1", image)
    started("mount", "-o", "loop,discard", image, top)
    try:
        yield top
    finally:
        started("umount", top)
        image.unlink()
