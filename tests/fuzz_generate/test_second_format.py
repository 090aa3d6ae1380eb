"""The generator's engine, untouched, on a format that is not VHDX."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from formats.compiler import generate as generator
from tests.fuzz_generate import tape
from vhdx_runtime.fuzz.engine import sweep
from vhdx_runtime.fuzz.engine.format import Format

ENGINE = Path(sweep.__file__).parent


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Format:
    if not shutil.which("node") or not (generator.COMPILER / "node_modules" / "kaitai-struct-compiler").is_dir():
        pytest.skip("schema compiler: not installed (npm ci in formats/compiler, or make generate)")
    return tape.compiled(tmp_path_factory.mktemp("tape"))


def test_the_second_schema_is_of_some_size(form: Format) -> None:
    assert len(form.rules) >= 12
    assert len({rule.structure for rule in form.rules.values()}) >= 3
    fields = [field for one in form.structures.values() for field in one.fields]
    assert any(field.bits for field in fields)
    assert any(field.repeat for field in fields)
    assert any(one.checksum for one in form.structures.values())


def test_the_sound_archive_is_sound(form: Format) -> None:
    assert tape.judged(form, tape.sound()) == frozenset()


def test_nine_of_ten_rules_get_an_image_that_breaks_exactly_them_and_a_sound_neighbour(form: Format) -> None:
    subject = tape.Tape(form)
    found = sweep.search(form, [subject], list(form.rules)).witnesses
    exact: set[str] = set()
    for witness in found:
        broken = tape.judged(form, subject.build(witness.trial.edits))
        assert broken == witness.trial.broken
        assert tape.judged(form, subject.build(witness.neighbour)) == frozenset(), witness
        if broken <= {witness.rule, *form.rules[witness.rule].provable.ids}:
            exact.add(witness.rule)
    assert len(exact) >= 0.9 * len(form.rules), sorted(set(form.rules) - exact)


def test_the_neighbour_of_a_limit_is_the_limit(form: Format) -> None:
    subject = tape.Tape(form)
    found = sweep.search(form, [subject], ["TAP-007"]).witnesses
    pairs = {(one.trial.edits[0].value, one.neighbour[0].value) for one in found if one.neighbour}
    assert (13, 12) in pairs


def test_the_engine_imports_nothing_of_vhdx() -> None:
    for path in sorted(ENGINE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert "vhdx" not in (node.module or "").lower(), path.name
                assert node.level < 2, f"{path.name} imports from outside the engine"
