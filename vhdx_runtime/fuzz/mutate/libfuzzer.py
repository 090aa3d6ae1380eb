"""Custom mutator and crossover for Atheris and other Python bindings of libFuzzer.

Pass both to `atheris.Setup(sys.argv, target, custom_mutator=custom_mutator, custom_crossover=custom_crossover)`. They
keep no state: the seed that libFuzzer gives says everything.
"""

from __future__ import annotations

from .mutate import crossover, mutate


def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
    """Change some structures of a file and make its checksums right."""
    return bytes(mutate(data, seed, max_size))


def custom_crossover(data1: bytes, data2: bytes, max_size: int, seed: int) -> bytes:
    """Put structures of the second file into the first one and make its checksums right; otherwise as the mutator."""
    return bytes(crossover(data1, data2, seed, max_size))
