"""Do the tests bite? One small change of the code at a time, and whether any test notices it. `make mutants N=200`.

Changes are drawn at random, by a seed, from what stands in `PACKAGES`: a comparison, an operator, a constant, a
condition, a returned value. Each is made in a copy of the checkout, and the folders of tests that are about the
package run there until the first failure. What no test notices is listed with its line: it is either another way to
say the same, or a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]

# Packages and the tests about them, the quickest first: most changes are noticed at once.
PACKAGES = {
    "codec": ["tests/codec", "tests/chain", "tests/test_hostile.py", "tests/test_properties.py", "tests/inspect"],
    "semantics": ["tests/semantics", "tests/test_properties.py", "tests/check", "tests/repair", "tests/damage"],
    "disk": ["tests/test_disk.py", "tests/test_properties.py", "tests/chain", "tests/check", "tests/cli"],
    "change": ["tests/change", "tests/repair"],
    "repair": ["tests/repair"],
}
ALWAYS = ["tests/test_agreement.py", "tests/conformance/test_cases.py", "tests/attacks", "vhdx_runtime"]

COMPARISONS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in",
}  # fmt: skip
OPERATORS = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Mod: "//", ast.LShift: ">>", ast.RShift: "<<",
    ast.BitAnd: "|", ast.BitOr: "&",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: the file, where in it, and what stands there instead."""

    path: str
    line: int
    start: int
    end: int
    new: str
    package: str
    what: str


def mutants(path: Path, package: str) -> Iterator[Mutant]:
    """Every change of one module that is worth a try; annotations, docstrings and messages are left alone."""
    text = path.read_text("utf-8")
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def change(node: ast.AST, new: str, what: str) -> Mutant:
        start = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return Mutant(str(path.relative_to(ROOT)), node.lineno, start, end, new, package, what)  # type: ignore[attr-defined]

    for node in _code(ast.parse(text)):
        source = ast.get_source_segment(text, node) or ""
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = (ast.get_source_segment(text, one) for one in (node.left, node.comparators[0]))
            new = f"{left} {COMPARISONS[type(node.ops[0])]} {right}"
            yield change(node, new, f"{source} -> {new}")
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS and 'f"' not in source:
            left, right = (ast.get_source_segment(text, one) for one in (node.left, node.right))
            new = f"({left} {OPERATORS[type(node.op)]} {right})"
            yield change(node, new, f"{source} -> {new}")
        elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
            new = str(not node.value if isinstance(node.value, bool) else node.value + 1)
            yield change(node, new, f"{source} -> {new}")
        elif isinstance(node, ast.If | ast.While | ast.IfExp):
            test = ast.get_source_segment(text, node.test)
            yield change(node.test, f"(not ({test}))", f"{test} -> not")
        elif isinstance(node, ast.BoolOp):
            new = (" or " if isinstance(node.op, ast.And) else " and ").join(
                f"({ast.get_source_segment(text, one)})" for one in node.values
            )
            yield change(node, f"({new})", f"{source} -> {new}")


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree that are executed: no annotation, no default text, nothing for type checkers."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child
                yield from _code(child)


def is_noticed(mutant: Mutant, checkout: Path, seconds: int) -> bool:
    """Make the change in a copy of the checkout, run the tests about it, and take it back."""
    path = checkout / mutant.path
    before = path.read_bytes()
    path.write_bytes(before[: mutant.start] + mutant.new.encode() + before[mutant.end :])
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "quick",
        "PYTHONPATH": f"{checkout}{os.pathsep}{checkout / 'generated'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }
    about = [name for name in (*PACKAGES[mutant.package], *ALWAYS) if (checkout / name).exists()]
    try:
        for names in (about[:1], about[1:]):
            command = [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-n",
                "1",
                "-m",
                "not slow",
                "-p",
                "no:cacheprovider",
            ]
            done = subprocess.run(
                [*command, *names], cwd=checkout, env=environment, capture_output=True, timeout=seconds, check=False
            )
            if done.returncode not in (0, 5):  # 5: nothing to run
                return True
    except subprocess.TimeoutExpired:
        return True  # it hangs, which no run of the tests would overlook
    finally:
        path.write_bytes(before)
    return False


def main() -> None:
    """Draw, try and report; exits with 1 where fewer than 93 of 100 are noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=int, default=900, help="time for the tests about one change")
    options = parser.parse_args()
    found = [
        mutant
        for package in PACKAGES
        for path in sorted((ROOT / "vhdx_runtime" / package).rglob("*.py"))
        for mutant in mutants(path, package)
    ]
    chosen = random.Random(options.seed).sample(found, min(options.number, len(found)))
    print(f"{len(chosen)} of {len(found)} changes, seed {options.seed}", flush=True)
    copies: SimpleQueue[Path] = SimpleQueue()
    survivors: list[Mutant] = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.workers):
            copy = Path(folder) / str(number)
            left_out = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".*_cache")
            shutil.copytree(ROOT, copy, ignore=left_out)
            copies.put(copy)

        def judge(mutant: Mutant) -> None:
            copy = copies.get()
            try:
                noticed = is_noticed(mutant, copy, options.seconds)
            finally:
                copies.put(copy)
            if not noticed:
                survivors.append(mutant)
            word = "noticed " if noticed else "SURVIVED"
            print(f"{word} {mutant.path}:{mutant.line}  {' '.join(mutant.what.split())[:150]}", flush=True)

        with ThreadPoolExecutor(options.workers) as pool:
            list(pool.map(judge, chosen))
    noticed = len(chosen) - len(survivors)
    share = noticed / len(chosen)
    print(f"{noticed} of {len(chosen)} noticed ({share:.1%}) in {time.monotonic() - start:.0f} s")
    sys.exit(share < 0.93)


if __name__ == "__main__":
    main()
