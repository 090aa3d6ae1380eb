"""The program that Atheris runs: `python -m tests.support.fuzz_target CORPUS -max_total_time=60 …`.

The options are libFuzzer's; inputs are files in the form of `sectors`. What is watched must be imported first, and
inside the block: hence the order here.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(
    include=["vhdx_runtime", "vhdx_format"], exclude=["vhdx_runtime.fuzz", "vhdx_runtime.conformance"]
):
    from tests.support.fuzz_input import judged_input

from tests.support.judged import SMALL
from tests.support.sectors import from_sectors, to_sectors
from vhdx_runtime.fuzz.mutate.libfuzzer import custom_crossover, custom_mutator

LARGEST = SMALL // 2  # of a file; as in `fuzz_atheris`


def target(data: bytes) -> None:
    """What Atheris calls with each input."""
    judged_input(from_sectors(data, LARGEST))


def mutator(data: bytes, max_size: int, seed: int) -> bytes:
    """Our mutator; what becomes too large for libFuzzer stays as it was."""
    changed = to_sectors(custom_mutator(from_sectors(data, LARGEST), LARGEST, seed))
    return changed if len(changed) <= max_size else data


def crossover(data1: bytes, data2: bytes, max_size: int, seed: int) -> bytes:
    """Our crossover; what becomes too large for libFuzzer stays as it was."""
    files = from_sectors(data1, LARGEST), from_sectors(data2, LARGEST)
    changed = to_sectors(custom_crossover(*files, LARGEST, seed))
    return changed if len(changed) <= max_size else data1


if __name__ == "__main__":
    atheris.Setup(sys.argv, target, custom_mutator=mutator, custom_crossover=crossover)
    atheris.Fuzz()
