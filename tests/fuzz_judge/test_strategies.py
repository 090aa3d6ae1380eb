"""The strategies: valid images are what their model says, faulty ones can be read, all shrink to next to nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from crc32c import crc32c
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import vhdx_runtime as vhdx
from vhdx_runtime.conformance import BytesOverride, FieldOverride, Geometry, Recipe, expand
from vhdx_runtime.conformance.recipes import form
from vhdx_runtime.conformance.recipes.form_writer import dump
from vhdx_runtime.fuzz.mutate import structures
from vhdx_runtime.fuzz.strategies import DrawnImage, MutatedImage, images, mutations

pytestmark = pytest.mark.slow

KIB = 1 << 10
FIND = settings(max_examples=2000, database=None, derandomize=True, deadline=None)
FIRST = settings(FIND, phases=[Phase.generate])


@given(images(faulty=False, parents=2))
@settings(max_examples=30)
def test_the_bytes_of_every_valid_image_are_those_of_its_model(image: DrawnImage) -> None:
    files = image.files()
    assert image.guest is not None
    with vhdx.open(image.to_bytes(), parents=[below.to_bytes() for below in files[:-1]]) as disk:
        assert disk.size == image.guest.size
        assert disk.read_at(0, disk.size) == image.guest.read(0, image.guest.size)


@given(images(parents=1), st.data())
@settings(max_examples=40)
def test_nothing_but_our_own_error_comes_of_any_image(image: DrawnImage, data: st.DataObject) -> None:
    raw = image.to_bytes()
    if data.draw(st.booleans()):
        raw = data.draw(mutations(image)).data
    try:
        with vhdx.open(raw, without_parent=True) as disk:
            disk.read_at(0, min(disk.size, 1 << 16))
    except vhdx.VhdxError:
        pass
    assert (image.guest is None) == image.faulty
    assert image.faulty == bool(image.recipe.overrides)


def test_a_recipe_that_is_shown_can_be_read_again() -> None:
    image = find(images(faulty=True, parents=1), lambda image: len(image.recipes) == 2, settings=FIRST)
    for recipe in image.recipes:
        again = form.load_recipe(dump(recipe))
        assert again == recipe
        assert dump(recipe).strip() in repr(image)


def lines(image: DrawnImage) -> list[str]:
    """What is shown of an image."""
    return repr(image).splitlines()[1:]


@pytest.mark.slow
def test_a_valid_image_shrinks_to_an_empty_disk() -> None:
    assert lines(find(images(faulty=False), lambda image: True, settings=FIND)) == [
        "geometry: {virtual_disk_size: 512}"
    ]


def test_what_fails_shrinks_to_what_it_takes() -> None:
    image = find(images(faulty=False), lambda image: image.recipe.log.entries != (), settings=FIND)
    assert len(lines(image)) <= 7
    assert (image.recipe.bat.blocks, image.recipe.bat.order) == ((), "ascending")
    image = find(
        images(faulty=False), lambda image: any(block.state == 6 for block in image.recipe.bat.blocks), settings=FIND
    )
    assert len(lines(image)) <= 5
    image = find(images(faulty=False, parents=3), lambda image: len(image.recipes) > 1, settings=FIND)
    assert lines(image) == [
        "name: layer0",
        "geometry: {virtual_disk_size: 512}",
        "name: layer1",
        "geometry: {disk_type: differencing, virtual_disk_size: 512}",
    ]


def refused(image: DrawnImage) -> bool:
    """Our reader does not open the image."""
    try:
        vhdx.open(image.to_bytes()).close()
    except vhdx.VhdxError:
        return True
    return False


@pytest.mark.slow
def test_a_refused_image_shrinks_to_one_changed_field() -> None:
    image = find(images(faulty=True), refused, settings=FIND)
    assert len(image.recipe.overrides) == 1
    assert len(lines(image)) <= 6
    (override,) = image.recipe.overrides
    assert isinstance(override, FieldOverride)
    assert not isinstance(override, BytesOverride)
    assert f"target: {override.target}" in repr(image)
    assert f"field: {override.field}" in repr(image)


def test_a_mutation_is_said_in_words_and_shrinks_to_one_field() -> None:
    raw = SMALLEST
    found = find(mutations(raw), lambda mutated: any("header." in edit for edit in mutated.edits), settings=FIND)
    assert len(found.edits) == 1
    assert repr(found) == f"MutatedImage({found.edits[0]})"
    different = [at for at in range(len(raw)) if raw[at] != found.data[at]]
    assert 0 < len(different) <= 16 + 4
    assert len(found.data) == len(raw)


SMALLEST = expand(Recipe(geometry=Geometry(virtual_disk_size=512))).to_bytes()


@given(mutations(SMALLEST))
@settings(max_examples=40)
def test_checksums_follow_unless_the_words_say_otherwise(mutated: MutatedImage) -> None:
    if all("not sealed" not in edit and "checksum" not in edit for edit in mutated.edits):
        for start, size in ((64 * KIB, 4 * KIB), (128 * KIB, 4 * KIB), (192 * KIB, 64 * KIB), (256 * KIB, 64 * KIB)):
            piece = mutated.data[start : start + size]
            assert piece[4:8] == crc32c(piece[:4] + bytes(4) + piece[8:]).to_bytes(4, "little")


def test_bytes_without_any_structure_are_left_as_they_are() -> None:
    assert structures.find(b"") == []
    assert find(mutations(b""), lambda mutated: True, settings=FIND) == MutatedImage(b"", ())


def test_all_files_of_a_chain_are_written() -> None:
    image = find(images(faulty=False, parents=2), lambda image: len(image.recipes) == 3, settings=FIRST)
    with tempfile.TemporaryDirectory() as folder:
        path = image.write(Path(folder))
        assert sorted(one.name for one in Path(folder).iterdir()) == ["layer0.vhdx", "layer1.vhdx", "layer2.vhdx"]
        with vhdx.open(path) as disk:
            assert len(disk.images) == 3


@pytest.mark.parametrize(
    "module", ["vhdx_runtime", "vhdx_runtime.cli", "vhdx_runtime.fuzz", "vhdx_runtime.fuzz.judge.judge"]
)
def test_hypothesis_is_needed_by_the_strategies_only(module: str) -> None:
    script = f"import sys; sys.modules['hypothesis'] = None; import {module}; print(sorted(sys.modules)[0])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
