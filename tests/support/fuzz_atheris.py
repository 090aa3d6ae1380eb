"""Atheris on our own reader: seeds from recipes, our mutators, coverage as feedback.

`campaign` runs `fuzz_target` as a program of its own, since libFuzzer takes over the process and ends it.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.campaign import ROOT, specimens
from tests.support.fuzz_input import judged_input
from tests.support.sectors import from_sectors, to_sectors
from vhdx_runtime.conformance.build.pattern import noise
from vhdx_runtime.conformance.release.packed_image import MAGIC, packed
from vhdx_runtime.conformance.release.unpackers.unpack import unpack
from vhdx_runtime.fuzz.mutate.dictionary import entries

LARGEST = 8 << 20  # of a file; the fuzzer holds its sectors only
INPUT = 512 << 10
SEED_BLOCKS = 8  # of a campaign, whose files are the seeds
SLOW, MEMORY = 20, 2048  # seconds and MiB at which libFuzzer itself gives up on an input


def campaign(folder: Path, seconds: float) -> int:
    """Run Atheris for some seconds; returns 1 where something is wrong, and says how to see it again."""
    kept = folder / "atheris"
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "found").mkdir()
        (work / "vhdx.dict").write_text("\n".join(entry.line for entry in entries()) + "\n")
        options = {
            "max_total_time": int(seconds),
            "max_len": INPUT,
            "len_control": 0,
            "dict": work / "vhdx.dict",
            "artifact_prefix": f"{work / 'found'}{os.sep}",
            "timeout": SLOW,
            "rss_limit_mb": MEMORY,
            "print_final_stats": 1,
        }
        command = [sys.executable, "-m", "tests.support.fuzz_target", str(seeds(work / "corpus"))]
        command += [f"-{key}={value}" for key, value in options.items()]
        done = subprocess.run(command, cwd=ROOT, check=False)
        found = [keep(path, kept) for path in sorted((work / "found").iterdir())]
    for path in found:
        print(f"again: {sys.executable} -m tests.fuzz --file {path}")
    if done.returncode and not found:
        print(f"Atheris ended with code {done.returncode}")
    return 1 if found or done.returncode else 0


def seeds(folder: Path) -> Path:
    """Write the files that the fuzzer starts from, those with few sectors in use."""
    folder.mkdir()
    for block in range(SEED_BLOCKS):
        for name, raw, _ in specimens(block):
            data = to_sectors(raw)
            if len(data) <= INPUT:
                (folder / name.replace(" ", "-")).write_bytes(data)
    return folder


def keep(path: Path, folder: Path) -> Path:
    """Keep an input that something is wrong with, packed; returns where."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = from_sectors(path.read_bytes(), LARGEST)
    target = folder / f"{path.name}.packed"
    target.write_bytes(packed([(0, raw)], len(raw)))
    if unpacked(target.read_bytes()) != raw:  # whatever comes, no finding is lost
        target = folder / f"{path.name}.vhdx"
        target.write_bytes(raw)
    return target


def unpacked(raw: bytes) -> bytes:
    """A file as it was before it was packed; one that is not packed as it is."""
    if not raw.startswith(MAGIC):
        return raw
    out = io.BytesIO()
    unpack(noise(), raw, out)
    length = int.from_bytes(raw[len(MAGIC) :][:8], "little")
    return out.getvalue().ljust(length, b"\0")  # a file would have been made longer, memory is not


def judged_file(path: Path) -> str:
    """Judge a file, packed or not."""
    return judged_input(unpacked(path.read_bytes()), path.name)
