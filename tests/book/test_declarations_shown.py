"""The page of languages is true of the declarations: its programs are compiled and run, and print what it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from formats.compiler import generate as generator
from tests.book.practised import carried_out, prepare
from tests.book.support import PAGES
from tests.generated.test_declarations import DECLARATIONS, tsc
from tests.support.extras import need
from tests.support.shown import BLOCK, fits

TEXT = PAGES["languages.md"]
Run = Callable[[str, Path], str]


def _output(*command: object, folder: Path, **environment: str) -> str:
    words = list(map(str, command))
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _rust(program: str, folder: Path) -> str:
    if not shutil.which("rustc"):
        pytest.skip("Rust declarations: no rustc")
    shutil.copy(DECLARATIONS / "rust" / "vhdx.rs", folder)
    (folder / "main.rs").write_text(program)
    _output("rustc", "--edition", "2021", "-D", "warnings", "main.rs", folder=folder)
    return _output(folder / "main", folder=folder)


def _go(program: str, folder: Path) -> str:
    if not shutil.which("go"):
        pytest.skip("Go declarations: no go (Debian: golang-go)")
    (folder / "vhdx").mkdir()
    shutil.copy(DECLARATIONS / "go" / "vhdx.go", folder / "vhdx")
    (folder / "main.go").write_text(program)
    (folder / "go.mod").write_text("module example\n\ngo 1.18\n")
    return _output("go", "run", "main.go", folder=folder, GOTOOLCHAIN="local", GOCACHE=str(folder / "cache"))


def _typescript(program: str, folder: Path) -> str:
    tsc(DECLARATIONS, folder)
    (folder / "main.mjs").write_text(program)
    return _output("node", "main.mjs", folder=folder)


@pytest.mark.parametrize(("language", "run"), [("rust", _rust), ("go", _go), ("typescript", _typescript)])
def test_programs_print_what_the_page_shows(language: str, run: Run, tmp_path: Path) -> None:
    blocks = BLOCK.findall(TEXT)
    (index,) = [index for index, (found, _) in enumerate(blocks) if found == language]
    prepare(tmp_path)
    assert run(blocks[index][1], tmp_path) == blocks[index + 1][1]


def test_commands_and_python_print_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("yara-python")
    if not shutil.which("file"):
        pytest.skip("libmagic: no file(1)")
    prepare(tmp_path)
    for name in ("vhdx.magic", "vhdx.yar"):
        shutil.copy(DECLARATIONS / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    seen = [what for what, shown, found in carried_out(TEXT) if fits(shown, found) or pytest.fail(f"{what}\n{found}")]
    assert len(seen) == 2


def test_the_page_names_every_file() -> None:
    folder = generator.GENERATED / generator.DECLARATIONS
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert [name for name in sorted(names) if f"| `{name}` |" not in TEXT] == []
