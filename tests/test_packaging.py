"""What a user installs works: wheel and sdist build, and the wheel runs in an empty environment elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.extras import need

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.xdist_group("packaging")]


def run(command: Sequence[object], **options: object) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run([*map(str, command)], capture_output=True, text=True, env=environment, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def distributions(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist. The wheel is built from the sdist, so the sdist has all that a wheel needs."""
    need("build", "hatchling")
    out = tmp_path_factory.mktemp("dist")
    done = run([sys.executable, "-m", "build", "--no-isolation", "--outdir", out, checkout])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def installed(distributions: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an empty virtual environment into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, with_pip=False)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    done = run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", distributions[0]])
    if done.returncode and "CI" not in os.environ and any(word in done.stderr for word in ("onnection", "No matching")):
        pytest.skip("packaging: no package registry is reachable, so the wheel was not installed")
    assert done.returncode == 0, done.stderr[-2000:]
    return programs


def test_the_wheel_holds_both_packages_typed_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[0]) as wheel:
        names = wheel.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"vhdx_runtime", "vhdx_format"}
    assert {
        "vhdx_runtime/py.typed",
        "vhdx_format/py.typed",
        "vhdx_format/layout.json",
        "vhdx_runtime/book/book.json",
    } <= set(names)
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]
    assert not [name for name in names if name.startswith("vhdx_runtime/book/") and name.endswith((".md", "emit.py"))]


def test_the_sdist_holds_sources_and_generated_files(distributions: tuple[Path, Path], checkout: Path) -> None:
    with tarfile.open(distributions[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    schemas = {str(path.relative_to(checkout)) for path in (checkout / "formats").glob("*.ksy")}
    assert schemas, "formats/*.ksy matched nothing"
    wanted = {
        "formats/rules.yaml",
        "formats/compiler/generate.py",
        "Makefile",
        "LICENSE",
        "generated/vhdx_format/layout.py",
    }
    assert schemas | wanted <= names
    assert not [name for name in names if "node_modules" in name or name.startswith((".venv", "dist/"))]


def test_the_installed_command_describes_an_image(installed: Path, sample_image: Path, tmp_path: Path) -> None:
    done = run([installed / "vhdx", "info", "--json", sample_image], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert str(sample_image.name) in run([installed / "vhdx", "info", sample_image], cwd=tmp_path).stdout
    schema = json.loads(run([installed / "vhdx", "schema", "info"], cwd=tmp_path).stdout)
    assert schema["$id"] == "vhdx-info.json"


def test_the_installed_command_has_the_book_with_it(installed: Path, tmp_path: Path) -> None:
    done = run([installed / "vhdx", "book", "header.log_guid"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "offset 0x30, 16 bytes, guid" in done.stdout
    assert "LOG-023" in run([installed / "vhdx", "book", "chapter", "log", "--json"], cwd=tmp_path).stdout


def test_the_installed_command_has_the_parts_of_a_page_with_it(
    installed: Path, sample_image: Path, tmp_path: Path
) -> None:
    done = run([installed / "vhdx", "inspect", sample_image, "--html", tmp_path / "page.html"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "async function start()" in (tmp_path / "page.html").read_text()


def test_the_installed_library_reads_the_same_bytes(installed: Path, sample_image: Path, sample_disk: bytes) -> None:
    program = "import sys, vhdx_runtime as vhdx; disk = vhdx.open(sys.argv[1]); print(disk.read_at(0, disk.size).hex())"
    done = run([installed / "python", "-I", "-c", program, sample_image])
    assert done.returncode == 0, done.stderr
    assert bytes.fromhex(done.stdout) == sample_disk


def test_the_version_is_the_same_everywhere(installed: Path, checkout: Path) -> None:
    program = "import vhdx_runtime, importlib.metadata as m; print(vhdx_runtime.__version__, m.version('vhdx-runtime'))"
    ours, declared = run([installed / "python", "-I", "-c", program]).stdout.split()
    assert ours == declared
    assert ours in run([installed / "vhdx", "--version"]).stdout
    assert f"[{ours}]" in (checkout / "CHANGELOG.md").read_text()
