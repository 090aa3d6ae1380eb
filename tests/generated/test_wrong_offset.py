"""A wrong offset in a schema is noticed by what compares each of the declarations with Python's answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from formats.compiler import generate as generator
from tests.generated import test_bundle, test_declarations, test_magic_and_yara
from tests.generated.declared import samples
from tests.generated.test_generate import Edit, compiler, edit
from tests.support.sampling import sampled

__all__ = ["compiler", "edit"]  # fixtures


def _by_language(language: str, source: Path, folder: Path) -> list[str]:
    return test_declarations.run(test_declarations.LANGUAGES[language](source, folder), samples(50))


CHECKS: dict[str, Callable[[Path, Path], list[str]]] = {
    **{name: partial(_by_language, name) for name in test_declarations.LANGUAGES},
    "vhdx.ksy": lambda source, folder: test_bundle.wrong(source / "vhdx.ksy", folder, samples(50)),
    "vhdx.magic": lambda source, folder: test_magic_and_yara.wrong_by_file(
        source, folder, test_magic_and_yara.heads(50)
    ),
    "vhdx.yar": lambda source, folder: test_magic_and_yara.wrong_by_yara(source, folder, test_magic_and_yara.heads(50)),
}


@pytest.mark.parametrize("name", sampled(sorted(CHECKS), "rust", "vhdx.ksy", "vhdx.yar"))
def test_a_wrong_offset_is_noticed(compiler: Path, edit: Edit, tmp_path: Path, name: str) -> None:
    formats = edit("header.ksy", "  - id: checksum\n    type: u4\n", "  - id: checksum\n    type: u8\n")
    header = formats / "header.ksy"
    header.write_text(header.read_text("utf-8").replace("    size: 4016\n", "    size: 4012\n", 1), "utf-8")
    for path, content in generator.generate(formats).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, "utf-8")
    (tmp_path / "built").mkdir()
    assert CHECKS[name](tmp_path / generator.DECLARATIONS, tmp_path / "built")
