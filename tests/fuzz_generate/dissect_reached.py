"""What of dissect.hypervisor's VHDX reader the corpus reaches: `python -m tests.fuzz_generate.dissect_reached`.

Prints the share of its statements in percent, the lines that no image reaches, and the branches that none takes. Needs
`pip install 'vhdx-runtime[peers]'`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import coverage

from vhdx_runtime.fuzz.corpus import corpus

READ, SEEN = 1 << 20, 6 << 20


def read_all(reader: Any, images: list[tuple[Path, bool]]) -> None:
    """Open every image, by its path where it has a parent, and read its start, its middle and some of its sectors."""
    for path, has_parent in images:
        with suppress(Exception), path.open("rb") as file:  # what it makes of an image is not judged here
            disk = reader(str(path)) if has_parent else reader(file)
            for offset in (*range(0, min(disk.size, SEEN), READ), max(disk.size // 2 - 100, 0)):
                with suppress(Exception):
                    disk.seek(offset)
                    disk.read(READ)


def images(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The corpus as files, and whether each has a parent."""
    made = list(corpus.made(corpus.choose(("all",))))
    corpus.write(folder, made)
    yield from ((folder / one.label["file"], bool(one.label["parent"])) for one in made)


def measure() -> dict[str, Any]:
    """Statements reached in percent, missed lines, and branches missed as pairs of lines."""
    spec = find_spec("dissect.hypervisor")  # of the package only: what imports the reader must be watched already
    assert spec is not None
    assert spec.origin is not None
    source = str(Path(spec.origin).parent / "disk" / "vhdx.py")
    with tempfile.TemporaryDirectory() as name:
        paths = list(images(Path(name)))
        watch = coverage.Coverage(include=[source], branch=True, data_file=None, config_file=False)
        watch.start()
        from dissect.hypervisor.disk.vhdx import VHDX

        read_all(VHDX, paths)
        watch.stop()
        report = Path(name) / "report.json"
        watch.json_report(outfile=str(report))
        (found,) = json.loads(report.read_text())["files"].values()
    summary = found["summary"]
    reached = 100 * summary["covered_lines"] / summary["num_statements"]
    return {
        "statements": summary["num_statements"],
        "reached_percent": round(reached, 2),
        "missed_lines": found["missing_lines"],
        "missed_branches": found["missing_branches"],
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
