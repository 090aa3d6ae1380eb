"""The engine that makes images shares no code with the readers that are held against them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vhdx_runtime.conformance

FOLDER = Path(vhdx_runtime.conformance.__file__).parent
# What judges, or runs readers: not part of the engine, and imported by nothing of it.
JUDGES = tuple(f"vhdx_runtime.conformance.{name}" for name in ("judge", "readers", "demo"))
ROOMS = ("", "recipes", "build", "release")
ENGINE = sorted(path for room in ROOMS for path in (FOLDER / room).glob("*.py") if path.stem != "demo")
OWN = {"codec.encode", "codec.checksum"}
FORBIDDEN = ("codec.decode", "codec.source", "semantics", "disk", "findings")


def imports(path: Path) -> set[str]:
    """Modules that a module of the engine imports, by their absolute names."""
    package = path.relative_to(FOLDER.parents[1]).parts[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = [*package[: len(package) - node.level + 1]] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            folder = FOLDER.parents[1] / base.replace(".", "/")
            found |= {f"{base}.{alias.name}" for alias in node.names} if folder.is_dir() else {base}
    return found


def test_there_is_an_engine_to_look_at() -> None:
    assert {"expand", "model", "form", "cases", "pack", "structures", "log_area"} <= {path.stem for path in ENGINE}


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: path.stem)
def test_the_engine_imports_layout_builders_and_checksum_only(path: Path) -> None:
    found = imports(path)
    ours = {name for name in found if name.startswith("vhdx_runtime")}
    others = {name for name in ours if not name.startswith("vhdx_runtime.conformance")}
    assert {name.removeprefix("vhdx_runtime.") for name in others} <= OWN
    assert not [name for name in ours if name.startswith(JUDGES)]
    assert {name for name in found if name.startswith("vhdx_format")} <= {
        "vhdx_format", "vhdx_format.layout", "vhdx_format.rules",
    }  # fmt: skip
    assert not {"kaitaistruct", "construct"} & {name.split(".")[0] for name in found}


def test_cases_expand_and_pack_without_any_reader_in_memory(checkout: Path) -> None:
    """The package's own __init__, which imports the library, is left out."""
    program = f"""
import sys, types
sys.path[:0] = [{str(checkout)!r}, {str(checkout / "generated")!r}]
package = types.ModuleType("vhdx_runtime")
package.__path__ = [{str(checkout / "vhdx_runtime")!r}]
sys.modules["vhdx_runtime"] = package
from vhdx_runtime.conformance import cases
from vhdx_runtime.conformance.release import pack, packed_image
for case in cases.load_cases()[::60]:
    files = case.expand()
    pack.record(case, files)
    [packed_image.packed(made.extents, made.length) for made in files]
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "vhdx_runtime.conformance.build.expand" in loaded
    wrong = [name for name in loaded if name.removeprefix("vhdx_runtime.").startswith(FORBIDDEN) and "vhdx_r" in name]
    assert wrong == []
    assert not [name for name in loaded if name.startswith("vhdx_format.") and name.split(".")[1] not in
                ("layout", "rules", "builders")]  # fmt: skip
