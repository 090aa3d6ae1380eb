"""The bundled schema, compiled alone, reads what the schemas read that it was made of: in Python and in JavaScript."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from kaitaistruct import KaitaiStream
from vhdx_format import vhdx as map_of_file
from vhdx_format.layout import STRUCTURES

from formats.compiler import generate as generator
from tests.book.test_languages import SCRIPT, by_python
from tests.book.test_languages import differences as differences_of_javascript
from tests.generated.declared import LARGEST, Sample, samples
from tests.generated.engines import parser
from tests.generated.test_generate import compiler
from tests.support.cases import all_cases

__all__ = ["compiler"]  # a fixture

BUNDLE = generator.GENERATED / generator.DECLARATIONS / "vhdx.ksy"
FOREIGN = ("packed_image", "packed_run", "vhd_footer")  # no part of VHDX
UNREADABLE = (EOFError, ValueError, ArithmeticError)


def compiled(source: Path, folder: Path, language: str) -> Path:
    """The bundle, compiled in a folder where nothing else is."""
    (folder / "alone").mkdir()
    shutil.copy(source, folder / "alone" / "vhdx.ksy")
    generator.compile_schemas(folder / "alone", folder / language, language, positions=True)
    return folder / language


def bundled(source: Path, folder: Path) -> Any:
    """The Python parser of the bundle."""
    spec = importlib.util.spec_from_file_location("bundled_vhdx", compiled(source, folder, "python") / "vhdx.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Vhdx


def path_of(name: str) -> list[str]:
    """The classes around a structure in the bundle, and its own."""
    return STRUCTURES[name].parser.partition(":")[2].split(".")


def differences(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    """Where two parsers of the same bytes differ: fields, instances, and what cannot be read. The BAT is left out."""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif hasattr(ours, "_debug") and hasattr(theirs, "_debug"):
        instances = [name for name, item in vars(type(ours)).items() if isinstance(item, property)]
        for name in [key for key in (*ours._debug, *instances) if not key.startswith("_") and key != "bat"]:
            yield from differences(_read(ours, name), _read(theirs, name), f"{where}.{name}")
    elif ours != theirs:
        yield f"{where}: {ours!s:.40}, bundled {theirs!s:.40}"


def _read(parsed: Any, name: str) -> Any:
    try:
        return getattr(parsed, name, None)
    except UNREADABLE as error:
        return type(error).__name__


def wrong(source: Path, folder: Path, chosen: list[Sample]) -> list[str]:
    """What the bundle reads otherwise than the schemas, of structures."""
    root, found = bundled(source, folder), []
    for one in chosen:
        theirs = root
        for name in path_of(one.name) if one.name not in FOREIGN else []:
            theirs = getattr(theirs, name)
        if theirs is not root and one.size == len(one.raw):
            pair = [made(KaitaiStream(BytesIO(one.raw))) for made in (parser(one.name), theirs)]
            for parsed in pair:
                _parsed(parsed)
            found += list(differences(*pair, one.name))
    return found


def _parsed(parsed: Any) -> None:
    try:
        parsed._read()
    except UNREADABLE:
        return


def healthy() -> list[Any]:
    """The conformance cases whose files break no rule and can be read, as far as they are small."""
    return [case for case in all_cases() if case.expect == "read" and not case.findings]


@pytest.fixture(scope="module")
def bundle(compiler: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The Python parser of the bundle as it is committed."""
    return bundled(BUNDLE, tmp_path_factory.mktemp("bundle"))


def _check_files(bundle: Any, cases: list[Any]) -> None:
    seen = 0
    for file in (file for case in cases for file in case.expand() if file.length <= LARGEST):
        whole = file.to_bytes()
        pair = [made(KaitaiStream(BytesIO(whole))) for made in (map_of_file.Vhdx, bundle)]
        for parsed in pair:
            _parsed(parsed)
        assert list(differences(*pair, "file")) == []
        seen += 1
    assert seen


def test_some_healthy_files_are_read_alike(bundle: Any) -> None:
    _check_files(bundle, healthy()[::25])


@pytest.mark.slow
def test_every_healthy_file_is_read_alike(bundle: Any) -> None:
    _check_files(bundle, healthy())


def test_structures_are_read_alike_in_python(compiler: Path, tmp_path: Path) -> None:
    assert wrong(BUNDLE, tmp_path, samples(10)) == []


def test_structures_are_read_alike_in_javascript(compiler: Path, tmp_path: Path) -> None:
    modules = compiler / "node_modules"
    if not (modules / "kaitai-struct").is_dir():
        pytest.skip("JavaScript: kaitai-struct is not installed (npm ci in formats/compiler, or make generate)")
    folder = compiled(BUNDLE, tmp_path, "javascript")
    shutil.copy(SCRIPT, folder)
    chosen = [one for one in samples(25) if one.name not in FOREIGN and one.size == len(one.raw)]
    requests = [{"module": "Vhdx", "path": path_of(one.name), "hex": one.raw.hex()} for one in chosen]
    (folder / "input").write_text("".join(json.dumps(request) + "\n" for request in requests))
    environment = os.environ | {"NODE_PATH": str(modules)}
    command = ["node", SCRIPT.name, "input"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    pairs = zip(chosen, answers, strict=True)
    found = [
        line for one, answer in pairs for line in differences_of_javascript(by_python(one.name, one.raw), answer, one.name)
    ]
    assert found == []


def test_no_key_of_our_own_is_left() -> None:
    def keys(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (str(key) for key in value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from keys(inner)

    data = yaml.safe_load(BUNDLE.read_text("utf-8"))
    assert {key for key in keys(data) if key.startswith("-")} == {"-orig-id", "-webide-representation"}
    assert {"application", "file-extension", "license", "xref"} <= data["meta"].keys()
    assert "imports" not in data["meta"]
    assert data["doc-ref"].startswith("https://")
