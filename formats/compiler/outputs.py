"""Brings a folder of generated files up to date, or says how it differs. Touches only what changed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def differences(outputs: Mapping[str, str], out: Path) -> list[str]:
    """The files that are missing, differ, or are no longer generated, sorted.

    Args:
        outputs: path below `out` and content of every file; whatever else is in their top folders is stale.
        out: the folder of all generated files.
    """
    wrong = [name for name, content in outputs.items() if _content(out / name) != content.encode()]
    tops = {name.partition("/")[0] for name in outputs}
    there = [path for top in tops for path in (out / top).rglob("*") if path.is_file()]
    stale = [path.relative_to(out).as_posix() for path in there if "__pycache__" not in path.parts]
    return sorted({*wrong, *(name for name in stale if name not in outputs)})


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def write(outputs: Mapping[str, str], out: Path) -> list[str]:
    """Brings `out` up to date; returns the files that it had to touch."""
    changed = differences(outputs, out)
    for name in changed:
        path = out / name
        if name not in outputs:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(outputs[name].encode())
    return changed


def finish(outputs: Mapping[str, str], out: Path, *, check: bool, task: str) -> int:
    """Ends a command that generates: writes and names what it wrote, or compares; returns the exit code.

    Args:
        outputs: path below `out` and content of every file.
        out: the folder of all generated files.
        check: write nothing; any difference is a failure.
        task: the task of the Makefile that writes these files.
    """
    if not check:
        for name in write(outputs, out):
            print(f"{'wrote' if name in outputs else 'removed'} {out.name}/{name}")
        return 0
    wrong = differences(outputs, out)
    for name in wrong:
        print(f"{out.name}/{name} is not what its sources say", file=sys.stderr)
    if wrong:
        print(f"To mend this: make {task} (and commit what it wrote)", file=sys.stderr)
    return 1 if wrong else 0
