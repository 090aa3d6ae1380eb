"""Executions a second of afl-fuzz with the mutators in C and in Python, on one reader.

`python -m tests.support.native_speed` needs AFL++ (`apt-get install afl++ clang`). Runs take turns, so that both see
the same machine. The reader is `tests/fuzz_mutate/target.c`; `--target FILE --packed FILE` name others, built as the
book says.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.support.modules import ROOT

INCLUDE = ROOT / "generated" / "vhdx_format"
SWITCHES = "AFL_SKIP_CPUFREQ AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES AFL_NO_AFFINITY AFL_NO_UI AFL_QUIET"
VHDX = [sys.executable, "-m", "vhdx_runtime"]


def prepare(folder: Path) -> None:
    """Seeds of the tiny profile in both forms, the library, and the reader built for both."""
    for out, more in (("files", []), ("packed", ["--packed"])):
        subprocess.run([*VHDX, "fuzz", "generate", str(folder / out), "--profile", "tiny", *more], check=True)
    (folder / "seeds").mkdir()
    for path in (folder / "files").glob("tiny*.vhdx"):
        shutil.copy(path, folder / "seeds")
    library = ["cc", "-O2", "-shared", "-fPIC", "-DVHDX_FUZZ_AFL", "-x", "c", str(INCLUDE / "vhdx_fuzz.h")]
    subprocess.run([*library, "-o", str(folder / "vhdx_fuzz.so")], check=True)
    target = ["afl-clang-fast", "-O2", "-fsanitize=fuzzer", "-I", str(INCLUDE), "tests/fuzz_mutate/target.c", "-o"]
    for name, more in (("target", []), ("target-packed", ["-DPACKED"])):
        environment = os.environ | {"AFL_QUIET": "1"}
        subprocess.run([*target, str(folder / name), *more], check=True, cwd=ROOT, env=environment)


def run(folder: Path, target: Path, seeds: str, seconds: int, number: int, **variables: str) -> tuple[float, int]:
    """One run of afl-fuzz; executions a second, and edges found."""
    environment = os.environ | dict.fromkeys(SWITCHES.split(), "1") | variables
    command = ["afl-fuzz", "-V", str(seconds), "-s", str(number), "-m", "none", "-i", seeds, "-o", "found"]
    shutil.rmtree(folder / "found", ignore_errors=True)
    subprocess.run([*command, "--", str(target)], cwd=folder, env=environment, check=True, capture_output=True)
    lines = (folder / "found" / "default" / "fuzzer_stats").read_text().splitlines()
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return int(said["execs_done"]) / seconds, int(said["edges_found"])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--target", type=Path, help="a reader of files")
    parser.add_argument("--packed", type=Path, help="the same reader, of packed seeds")
    options = parser.parse_args()
    paths = [path for path in sys.path if path.endswith("site-packages")]
    python = {"AFL_PYTHON_MODULE": "vhdx_runtime.fuzz.mutate.afl"}
    python |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated"), *paths])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        files, packed = options.target or folder / "target", options.packed or folder / "target-packed"
        library = {"AFL_CUSTOM_MUTATOR_LIBRARY": str(folder / "vhdx_fuzz.so")}
        ways = {
            "in C": (packed.resolve(), "packed/seeds", library),
            "in Python": (files.resolve(), "seeds", python),
            "none, packed": (packed.resolve(), "packed/seeds", {}),
        }
        found: dict[str, list[tuple[float, int]]] = {way: [] for way in ways}
        for number in range(1, options.trials + 1):
            for way, (target, seeds, variables) in ways.items():
                found[way].append(run(folder, target, seeds, options.seconds, number, **variables))
    for way, results in found.items():
        speed, edges = (median(values) for values in zip(*results, strict=True))
        print(f"{way}: {speed:.0f} executions a second, {edges:.0f} edges (medians of {len(results)})")


if __name__ == "__main__":
    main()
