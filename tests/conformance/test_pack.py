"""The packed release: small, the same every time, and whole for somebody who has nothing else."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cases import all_cases
from vhdx_runtime.conformance import Bat, Block, Fill, Geometry, Recipe, cases, expand
from vhdx_runtime.conformance.build import digests
from vhdx_runtime.conformance.build.pattern import noise, pattern
from vhdx_runtime.conformance.build.plan import make_plan
from vhdx_runtime.conformance.cases import Case
from vhdx_runtime.conformance.recipes import form
from vhdx_runtime.conformance.release import pack, packed_image

CASES = all_cases()
KIB, MIB = 1 << 10, 1 << 20
WHOLE_MAX = 2 << 30


def longest(case: Case) -> int:
    return max(make_plan(recipe).length for recipe in case.files)


SOME = (
    *(case for case in CASES[::6] if longest(case) <= 16 * MIB),
    next(case for case in CASES if longest(case) > WHOLE_MAX),
)
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("release")]
PACKED_MAX, SHARE = 8 * KIB, 0.95
RELEASE_MAX = 5 * MIB
UNPACKER_LINES = 100
UNIT = 64 * KIB


def packed_in_memory(chosen: tuple[Case, ...], path: Path) -> bytes:
    with path.open("w+b") as file:
        pack.write(file.fileno(), chosen, "1.2.3")
    return path.read_bytes()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of some cases, unzipped: a folder."""
    folder = tmp_path_factory.mktemp("release")
    data = packed_in_memory(SOME, folder / "some.zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder / "vhdx-conformance"


@pytest.fixture(scope="module")
def manifest(release: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((release / "manifest.json").read_text("utf-8"))
    return loaded


def listed(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [file for case in manifest["cases"] for file in case["files"]]


def used_units(fd: int, size: int) -> Iterator[int]:
    """Offsets of the units that are not holes; of all where the system cannot tell."""
    offset = 0
    while offset < size:
        with suppress(AttributeError):
            try:
                offset = os.lseek(fd, offset, os.SEEK_DATA) // UNIT * UNIT
            except OSError:
                return
        yield offset
        offset += UNIT


def digest(path: Path) -> dict[str, str]:
    """As the manifest defines it, told again."""
    size = path.stat().st_size
    found = sha256()
    with path.open("rb") as file:
        if size <= WHOLE_MAX:
            while part := file.read(MIB):
                found.update(part)
            return {"sha256": found.hexdigest()}
        for offset in used_units(file.fileno(), size):
            file.seek(offset)
            unit = file.read(UNIT)
            if unit.count(0) != len(unit):
                found.update(offset.to_bytes(8, "little") + unit)
    return {"sparse_sha256": found.hexdigest()}


@pytest.mark.slow
def test_all_images_together_are_small() -> None:
    sizes = [len(packed_image.packed(made.extents, made.length)) for case in CASES for made in case.expand()]
    assert len(sizes) >= len(CASES)
    assert sum(size <= PACKED_MAX for size in sizes) >= SHARE * len(sizes)
    assert sum(sizes) + len(noise()) < RELEASE_MAX, "even before the zip"


@pytest.mark.slow
def test_a_share_of_the_cases_has_its_share_of_the_room(release: Path) -> None:
    assert (release.parent / "some.zip").stat().st_size < RELEASE_MAX * len(SOME) / len(CASES)


def test_the_same_cases_give_the_same_release(tmp_path: Path) -> None:
    first, second = (packed_in_memory(SOME[:6], tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first == second


def test_the_manifest_says_of_every_case_what_the_case_says(release: Path, manifest: dict[str, Any]) -> None:
    assert manifest["version"] == "1.2.3"
    assert manifest["noise_sha256"] == sha256((release / "noise.bin").read_bytes()).hexdigest()
    assert [case["id"] for case in manifest["cases"]] == [case.id for case in SOME]
    for told, case in zip(manifest["cases"], SOME, strict=True):
        assert (told["expect"], told["findings"], told["title"]) == (case.expect, list(case.findings), case.title)
        assert told.get("by", "") == case.by
        assert [file["image"] for file in told["files"]] == [f"{case.id}/{recipe.path}" for recipe in case.files]
        assert told["opened"] == told["files"][-1]["image"]
        assert (told["guest"] is None) is (case.expect == "refuse")
        assert told["unspecified"] == [list(one) for one in case.unspecified]
        if told["guest"]:
            assert told["guest"]["size"] == case.expand()[-1].expected.size


def test_the_release_holds_what_the_readme_speaks_of(release: Path, manifest: dict[str, Any]) -> None:
    readme = (release / "README.md").read_text("utf-8")
    for name in ("unpack.py", "unpack.c", "noise.bin", "manifest.json"):
        assert f"{name}" in readme
        assert (release / name).is_file()
    for told in manifest["cases"]:
        assert all(f"`{key}`" in readme for key in told)
        recipe = release / "recipes" / f"{told['id']}.yaml"
        assert next(cases.read_cases(f"- {recipe.read_text('utf-8').replace(chr(10), chr(10) + '  ')}", "r")).id
    assert {path.relative_to(release).as_posix() for path in (release / "images").rglob("*.packed")} == {
        file["packed"] for file in listed(manifest)
    }


def test_unpackers_are_short() -> None:
    for name in ("unpack.py", "unpack.c"):
        text = resources.files("vhdx_runtime.conformance.release").joinpath("unpackers", name).read_text("utf-8")
        assert len(text.splitlines()) <= UNPACKER_LINES, name


def test_the_python_unpacker_gives_the_same_images(release: Path, manifest: dict[str, Any], tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", "unpack.py", str(tmp_path / "out")]
    subprocess.run(command, cwd=release, check=True)
    assert listed(manifest)
    for file in listed(manifest):
        path = tmp_path / "out" / file["image"]
        assert path.stat().st_size == file["length"]
        assert digest(path).items() <= file.items(), file["image"]


def test_the_python_unpacker_takes_names_of_cases(release: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-I", "unpack.py", str(tmp_path), SOME[1].id], cwd=release, check=True)
    assert [path.name for path in tmp_path.iterdir()] == [SOME[1].id]


@pytest.fixture(scope="module")
def unpack_c(release: Path) -> Path:
    """The C unpacker, compiled with every warning an error; skips without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        pytest.skip("cc: not installed (Debian: apt-get install gcc)")
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2"]
    subprocess.run([compiler, *flags, "-o", "unpack", "unpack.c"], cwd=release, check=True)
    return release / "unpack"


def test_the_c_unpacker_gives_the_same_images(
    release: Path, manifest: dict[str, Any], unpack_c: Path, tmp_path: Path
) -> None:
    for file in listed(manifest):
        out = tmp_path / "image"
        subprocess.run([unpack_c, "noise.bin", file["packed"], out], cwd=release, check=True)
        assert out.stat().st_size == file["length"]
        assert digest(out).items() <= file.items(), file["image"]
        out.unlink()


def test_the_c_unpacker_needs_the_standard_library_only(unpack_c: Path) -> None:
    source = unpack_c.with_suffix(".c").read_text("utf-8")
    included = {line.split()[1] for line in source.splitlines() if line.startswith("#include")}
    assert included <= {"<stdint.h>", "<stdio.h>", "<stdlib.h>", "<string.h>"}


@pytest.mark.parametrize("damage", ["magic", "cut"])
def test_the_c_unpacker_refuses_what_is_damaged(release: Path, unpack_c: Path, damage: str, tmp_path: Path) -> None:
    data = packed_image.packed([(0, b"some bytes, not a pattern")], 4096)
    (tmp_path / "bad").write_bytes(b"X" + data[1:] if damage == "magic" else data[:-3])
    done = subprocess.run([unpack_c, "noise.bin", tmp_path / "bad", tmp_path / "out"], cwd=release, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.startswith(b"unpack: ")


def unpacker() -> Any:
    scope: dict[str, Any] = {"__name__": "unpack"}
    text = resources.files("vhdx_runtime.conformance.release").joinpath("unpackers", "unpack.py").read_text("utf-8")
    exec(compile(text, "unpack.py", "exec"), scope)
    return scope["unpack"]


UNPACK = unpacker()
PART = st.one_of(
    st.binary(max_size=90),
    st.binary(min_size=1, max_size=20).map(lambda part: part * 40),
    st.integers(0, 1500).map(bytes),
    st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(3, 60)).map(
        lambda t: b"".join(((t[0] + i * t[1]) % 2**64).to_bytes(8, "little") for i in range(t[2]))
    ),
    st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**37), st.integers(1, 3000)).map(
        lambda t: pattern(t[0], t[1], t[2], t[3])
    ),
    st.tuples(st.integers(0, 2**20), st.integers(600, 5000), st.integers(0, 599)).map(
        lambda t: bytes(8) + pattern(7, t[0], t[0] * 512, t[1])[8 : t[1] - 4] + b"tail" + bytes(t[2])
    ),
)


@given(st.lists(st.tuples(st.integers(0, 3).map(lambda n: n * 4096), st.lists(PART, max_size=8)), max_size=4))
def test_whatever_is_packed_comes_back(pieces: list[tuple[int, list[bytes]]]) -> None:
    extents, end = [], 0
    for gap, parts in pieces:
        data = b"".join(parts)
        data = data.ljust(-(-len(data) // 4096) * 4096, b"\0")
        extents.append((end + gap, data))
        end += gap + len(data)
    image = bytearray(end + 512)
    for offset, data in extents:
        image[offset : offset + len(data)] = data
    assert unpacked(packed_image.packed(extents, len(image))) == image


class Growing(io.BytesIO):
    """A file in memory that `truncate` makes longer, too."""

    def truncate(self, size: int | None = None) -> int:
        super().truncate(size)
        missing = (size or 0) - len(self.getvalue())
        self.seek(0, io.SEEK_END)
        self.write(bytes(missing))
        return size or 0


def unpacked(data: bytes) -> bytes:
    out = Growing()
    UNPACK(noise(), data, out)
    return out.getvalue()


def test_payload_of_any_length_costs_a_few_bytes() -> None:
    made = expand(
        Recipe(geometry=Geometry(virtual_disk_size=64 * MIB, block_size=32 * MIB), bat=Bat((Block(0), Block(1))))
    )
    data = packed_image.packed(made.extents, made.length)
    assert len(data) < 2 * KIB
    assert unpacked(data) == made.to_bytes()


@settings(max_examples=30)
@given(st.lists(st.integers(0, 20), max_size=5), st.integers(0, 3))
def test_digest_of_a_large_file_is_that_of_its_units(places: list[int], tail: int) -> None:
    spots = sorted({place * 40 * KIB for place in places})
    extents = [(offset, b"\1" + bytes(4095)) for offset in spots]
    length = MIB + tail
    image = bytearray(length)
    for offset, data in extents:
        image[offset : offset + len(data)] = data
    expected = sha256()
    for offset in range(0, length, UNIT):
        if any(image[offset : offset + UNIT]):
            expected.update(offset.to_bytes(8, "little") + image[offset : offset + UNIT])
    assert digests.of_file(extents, length) == {"sha256": sha256(image).hexdigest()}
    assert digests.of_file(extents, length, is_sparse=True) == {"sparse_sha256": expected.hexdigest()}


def test_lost_ranges_count_as_zeros_in_the_digest_of_a_guest() -> None:
    model = expand(form.load_recipe("bat: {blocks: [0, 2]}")).expected
    data = bytearray(model.read(0, model.size))
    data[100 : 100 + 70000] = bytes(70000)
    assert digests.of_guest(model, [(100, 70000)]) == {"sha256": sha256(data).hexdigest()}
    whole = expand(Recipe(bat=Bat((Block(1, fills=(Fill(0, 512),)),)))).expected
    assert digests.of_guest(whole) == {"sha256": sha256(whole.read(0, whole.size)).hexdigest()}
