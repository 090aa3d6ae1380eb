"""Fixtures that every test may use, hypothesis settings, and what a run says first of the machine."""

from __future__ import annotations

import lzma
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.sampling import QUICK_EXAMPLES
from tests.support.yamls import load_yaml
from vhdx_runtime import conformance

IMAGES_VARIABLE = "VHDX_TEST_IMAGES"
UNIT = 1 << 16

# Changes how modules are imported from then on.
collect_ignore = ["support/fuzz_target.py"]

# For the tests alone; programs whose memory is measured handle theirs as usual.
if "PYTEST_XDIST_WORKER" in os.environ:
    for name in [name for name in os.environ if name.startswith("MALLOC_")]:
        del os.environ[name]

# A job that a script leaves in the background starts with signals ignored, and so would all that the tests interrupt.
for number in filter(None, (getattr(signal, name, None) for name in ("SIGINT", "SIGHUP"))):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

hypothesis.settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("quick", hypothesis.settings.get_profile("default"), max_examples=QUICK_EXAMPLES)
hypothesis.settings.register_profile("long", deadline=None, max_examples=5000, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@dataclass(frozen=True)
class RealImages:
    """The images of VHDX_TEST_IMAGES: `records` as the manifest has them, `path` unpacks one and gives its place."""

    origin: Path
    scratch: Path

    @cached_property
    def records(self) -> dict[str, dict[str, Any]]:
        """Manifest records by image id."""
        records = load_yaml(self.origin / "MANIFEST.yaml")
        assert records["images"], f"{self.origin}/MANIFEST.yaml lists no image"
        return {record["id"]: record for record in records["images"]}

    def path(self, image_id: str) -> Path:
        """The unpacked, read-only image. All lie in one folder under their own names, so that chains find parents."""
        record = self.records[image_id]
        target = self.scratch / record["unpack_as"]
        if not target.exists():
            unfinished = target.with_name(f".{target.name}.{os.getpid()}")
            _unpack(self.origin / record["file"], unfinished)
            unfinished.chmod(0o444)
            unfinished.replace(target)
        return target


def _unpack(packed: Path, target: Path) -> None:
    """Decompress an .xz file and leave its zero units as holes."""
    with lzma.open(packed) as source, open(target, "wb") as out:
        while unit := source.read(UNIT):
            if unit.count(0) == len(unit):
                out.seek(len(unit), os.SEEK_CUR)
            else:
                out.write(unit)
        out.truncate(out.tell())


@pytest.fixture(scope="session")
def real_images(tmp_path_factory: pytest.TempPathFactory) -> RealImages:
    """The real images; skips where the folder is absent."""
    folder = os.environ.get(IMAGES_VARIABLE)
    if not folder or not Path(folder, "MANIFEST.yaml").is_file():
        pytest.skip(f"real images: {IMAGES_VARIABLE} names no folder with a MANIFEST.yaml")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    scratch = shared / "real-images"
    scratch.mkdir(exist_ok=True)
    return RealImages(Path(folder).resolve(), scratch)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root folder of the project."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def qemu_img() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs qemu-img with the given arguments; skips where it is not installed."""
    program = shutil.which("qemu-img")
    if not program:
        pytest.skip("qemu-img: not installed (Debian: apt-get install qemu-utils)")

    def run(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *map(str, arguments)], check=check, capture_output=True, text=True)

    return run


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A small dynamic image whose blocks lie in scrambled order, and the bytes of its disk."""
    blocks = tuple(conformance.Block(number) for number in (0, 2, 3, 5))
    recipe = conformance.Recipe(
        name="sample",
        geometry=conformance.Geometry(virtual_disk_size=6 << 20),
        bat=conformance.Bat(blocks=blocks, order="scrambled"),
    )
    expanded = conformance.expand(recipe)
    return expanded.write(tmp_path_factory.mktemp("sample")), expanded.expected.read(0, expanded.expected.size)


@pytest.fixture(scope="session")
def sample_image(sample: tuple[Path, bytes]) -> Path:
    """The small dynamic image."""
    return sample[0]


@pytest.fixture(scope="session")
def sample_disk(sample: tuple[Path, bytes]) -> bytes:
    """What its guest sees."""
    return sample[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden transcripts")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden transcripts are rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "missing"


def pytest_report_header() -> list[str]:
    names = ("kaitaistruct", "construct", "crc32c", "numpy", "dissect.hypervisor", "libvhdi-python")
    programs = ("qemu-img", "7zz", "cc", "node", "chromium")
    return [
        f"machine: {platform.machine()} {platform.system()} {platform.release()}",
        "versions: " + ", ".join(f"{name} {_version(name)}" for name in names),
        "programs: " + ", ".join(f"{name} {'found' if shutil.which(name) else 'missing'}" for name in programs),
        f"real images: {os.environ.get(IMAGES_VARIABLE, 'none (' + IMAGES_VARIABLE + ' is not set)')}",
    ]
