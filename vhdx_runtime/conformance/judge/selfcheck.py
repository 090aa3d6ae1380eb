"""`python -m vhdx_runtime.conformance.judge.selfcheck [AREA…] [-k PART]`: the cases against themselves and our library.

Loads the case files, expands every case, finds ids and bytes that are there twice, and opens each with our library.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .. import cases
from ..recipes.recipe import RecipeError
from . import judging


def main(arguments: list[str] | None = None) -> int:
    """Check some areas or all; prints what is wrong and returns 1 where something is."""
    parser = argparse.ArgumentParser(prog="selfcheck", description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA")
    parser.add_argument("-k", default="", metavar="PART", help="only cases whose id contains this")
    parser.add_argument("-t", action="store_true", help="list the slowest cases")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    try:
        found = cases.load_cases(options.areas)
    except RecipeError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    wrong = 0
    digests: dict[str, str] = {}
    times: list[tuple[float, str]] = []
    for case in found:
        if options.k in case.id:
            before = time.monotonic()
            problem = _check(case, digests)
            times.append((time.monotonic() - before, case.id))
            if problem:
                wrong += 1
                sys.stdout.write(f"{case.source}: {case.id}: {problem}\n")
    if options.t:
        sys.stdout.writelines(f"{seconds:6.2f} s  {name}\n" for seconds, name in sorted(times, reverse=True)[:15])
    sys.stdout.write(f"{len(times)} cases, {wrong} wrong, {time.monotonic() - start:.1f} s\n")
    return 1 if wrong else 0


def _check(case: cases.Case, digests: dict[str, str]) -> str:
    try:
        files = case.expand()
    except RecipeError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a fault of the expander is a finding here, not the end of the run
        return f"expanding fails: {type(error).__name__}: {error}"
    twin = digests.setdefault(cases.digest(files), case.id)
    if twin != case.id:
        return f"has the same bytes as {twin}"
    with tempfile.TemporaryDirectory(prefix="vhdx-case-") as folder:
        built = cases.write_files(files, Path(folder))
        try:
            return judging.judge_built(case, built)
        except Exception as error:  # noqa: BLE001 - so is a fault of the reader
            return f"our library fails: {type(error).__name__}: {error}"


if __name__ == "__main__":
    raise SystemExit(main())
