"""The command that makes the book: `python -m vhdx_runtime.book.build [--check | --site FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from formats.compiler.outputs import finish, write
from formats.compiler.schema import SchemaError

from .emit import book, site

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m vhdx_runtime.book.build", description="Make generated/book.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the book is not up to date")
    parser.add_argument("--formats", type=Path, default=ROOT / "formats", help="folder of the schemas")
    parser.add_argument("--out", type=Path, default=ROOT / "generated", help="folder of all that is generated")
    parser.add_argument("--site", type=Path, metavar="FOLDER", help="write what a site is rendered from instead")
    options = parser.parse_args()
    try:
        outputs = book(options.formats)
    except SchemaError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if options.site:
        write(site(outputs), options.site)
        return 0
    return finish(outputs, options.out, check=options.check, task="book")


if __name__ == "__main__":
    sys.exit(main())
