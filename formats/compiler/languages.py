"""Compiles the schemas to every language that the compiler has.

    python formats/compiler/languages.py OUT

Writes a folder for each language below OUT, which is emptied first. Needs Node.js and `npm ci` in this folder.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from formats.compiler.generate import FORMATS, compile_schemas, run_compiler
from formats.compiler.schema import SchemaError

# What the compiler calls a target although it cannot express these schemas in it: it writes "???" for bit fields.
UNABLE = ("construct",)


def languages() -> list[str]:
    """The compiler's targets, without those that cannot express the schemas."""
    return [name for name in run_compiler("--languages").split() if name not in UNABLE]


def compile_all(formats: Path, out: Path) -> dict[str, int]:
    """Compiles to every language.

    Args:
        formats: folder of the schemas.
        out: folder for the languages' folders.

    Returns:
        Language and number of files written.

    Raises:
        SchemaError: the compiler is not installed, or refuses a schema.
    """
    found = {}
    for name in languages():
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        compile_schemas(formats, folder, name)
        found[name] = sum(path.is_file() for path in folder.rglob("*"))
    return found


def main(arguments: list[str]) -> int:
    """The command; returns its exit code."""
    out = Path(arguments[0])
    try:
        found = compile_all(FORMATS, out)
    except SchemaError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for name, count in found.items():
        print(f"{name:<12} {count:>3} files in {out / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
