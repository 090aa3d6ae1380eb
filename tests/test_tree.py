"""What the folders of the project are, and that no file names a place of one machine."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.modules import ROOT, RUNTIME, where
from tests.test_architecture import ALLOWED


def project_files() -> list[Path]:
    """Every text file that belongs to the project."""
    tops = [ROOT / name for name in ("formats", "generated", "vhdx_runtime", "tests", ".ci")]
    files = [path for path in ROOT.iterdir() if path.is_file()]
    files += [path for top in tops for path in top.rglob("*") if path.is_file()]
    return [path for path in files if not {"node_modules", "__pycache__"} & set(path.parts)]


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    local = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/")
    found = []
    for path in project_files():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{where(path, number)} {line.strip()[:90]}" for number, line in enumerate(lines, 1) if local.search(line)
        ]
    assert not found, "\n".join(found)


def test_the_project_keeps_its_shape() -> None:
    assert {path.name for path in RUNTIME.iterdir() if path.is_dir()} - {"__pycache__"} <= ALLOWED.keys()
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", ".ci/run"):
        assert (ROOT / name).is_file(), name
