"""Opening: a 64 TiB image in process, and `vhdx info` as a whole process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import vhdx_runtime as vhdx

from .images import BAT, MIB, full_64_tib, scrambled
from .measure import Contender, Figure, Section, interleave, medians, process, started

# Runs in a process of its own, so that the memory of nothing else counts. argv: a small image, the 64 TiB image.
PROBE = """
import gc, json, statistics, sys, time, tracemalloc
import vhdx_runtime as vhdx

def memory():
    fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(fields["VmRSS"].split()[0]) * 1024

def opened(path):
    start = time.perf_counter()
    disk = vhdx.open(path)
    elapsed = time.perf_counter() - start
    disk.close()
    return elapsed

first = opened(sys.argv[1])
gc.collect()
before = memory()
disk = vhdx.open(sys.argv[2])
growth = memory() - before
disk.close()
times = [opened(sys.argv[2]) for _ in range(7)]
tracemalloc.start()
opened(sys.argv[2])
peak = tracemalloc.get_traced_memory()[1]
print(json.dumps({"first": first, "times": times, "growth": growth, "peak": peak}))
"""


class CountingFile:
    """A binary file that counts the bytes read from the BAT on."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115
        self.from_bat = 0

    def read(self, size: int = -1) -> bytes:
        """Read, and count what lies in the BAT region or behind it."""
        start = self._file.tell()
        data = self._file.read(size)
        self.from_bat += max(0, start + len(data) - max(start, BAT))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it stands."""
        return self._file.tell()


def run(folder: Path) -> list[Section]:
    """Measure both."""
    huge = full_64_tib(folder, "64tib.vhdx")
    small = scrambled(folder, "small.vhdx", data_blocks=2048, empty_blocks=0)
    sections = [_in_process(small.path, huge.path), _info("2,048 data blocks", small.path)]
    small.path.unlink()
    sections.append(_info("64 TiB", huge.path))
    huge.path.unlink()
    return sections


def _in_process(small: Path, huge: Path) -> Section:
    started(sys.executable, "-c", PROBE, small, small)  # compiles what is not compiled yet
    probe = json.loads(started(sys.executable, "-c", PROBE, small, huge).stdout)
    counting = CountingFile(huge)
    vhdx.open(counting).close()  # type: ignore[arg-type]
    seconds = medians({"vhdx.open": probe["times"]})
    return Section(
        "opening a 64 TiB image in process",
        "1 MiB blocks, every one present, 512 MiB of BAT; in a fresh process that opened one small image before.",
        seconds,
        {"vhdx.open": probe["times"]},
        [
            Figure("time", "to open", seconds["vhdx.open"] * 1000, " ms", at_most=1.0),
            Figure("resident memory", "growth", probe["growth"] / MIB, " MiB", at_most=10),
            Figure("traced memory", "peak", probe["peak"] / MIB, " MiB", at_most=10),
            Figure("BAT bytes read", "while opening", counting.from_bat, " bytes", at_most=0),
            Figure(
                "first open", "of any image in the process, imports of parsers included", probe["first"] * 1000, " ms"
            ),
        ],
    )


def _info(title: str, path: Path) -> Section:
    command = Path(sys.executable).with_name("vhdx")
    program = "import sys; from dissect.hypervisor.disk import vhdx; vhdx.VHDX(open(sys.argv[1], 'rb'))"
    times = interleave(
        [
            Contender("vhdx info", process(command, "info", path)),
            Contender("dissect", process(sys.executable, "-c", program, path)),
            Contender("python alone", process(sys.executable, "-c", "pass")),
        ]
    )
    seconds = medians(times)
    return Section(
        f"vhdx info as a whole process ({title})",
        "Beside a fresh process that imports dissect.hypervisor and opens the same file.",
        seconds,
        times,
        [Figure("vs dissect", "time", seconds["vhdx info"] / seconds["dissect"], " ×", at_most=0.6)],
    )
