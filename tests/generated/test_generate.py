"""Generating is deterministic, writes only what changed, and refuses schemas that contradict themselves."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from formats.compiler import generate as generator
from formats.compiler import outputs
from formats.compiler.schema import SchemaError

ROOT = Path(generator.__file__).resolve().parents[2]
SOURCES = [path for pattern in ("*.ksy", "*.yaml") for path in sorted(generator.FORMATS.glob(pattern))]
GENERATE: list[object] = [generator.COMPILER / "generate.py"]
BOOK: list[object] = ["-m", "vhdx_runtime.book.build"]
Edit = Callable[[str, str, str], Path]


@pytest.fixture(scope="session")
def compiler() -> Path:
    """The folder of the schema compiler; skips where it is not installed."""
    if not shutil.which("node"):
        pytest.skip("schema compiler: Node.js is not installed")
    if not (generator.COMPILER / "node_modules" / "kaitai-struct-compiler").is_dir():
        pytest.skip("schema compiler: not installed (npm ci in formats/compiler, or make generate)")
    return generator.COMPILER


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    """Makes a copy of the schemas in which one text of one file is replaced."""

    def make(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "formats"
        folder.mkdir()
        for path in SOURCES:
            shutil.copy(path, folder)
        content = (folder / file).read_text("utf-8")
        assert old in content, f"{file} has no {old!r}"
        (folder / file).write_text(content.replace(old, new, 1), "utf-8")
        return folder

    return make


def _run(program: Sequence[object], *arguments: object, seed: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *program, *arguments]
    environment = os.environ | {"PYTHONHASHSEED": str(seed)}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, cwd=ROOT)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("program", [GENERATE, BOOK], ids=["generate", "book"])
def test_what_is_committed_is_what_is_generated_to_the_byte(compiler: Path, program: list[object], seed: int) -> None:
    done = _run(program, "--check", seed=seed)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("program", "changed", "added", "removed", "task"),
    [
        (GENERATE, "vhdx_format/layout.py", "vhdx_format/old.py", "vhdx_format/vhdx.h", "make generate"),
        (BOOK, "book/rules.md", "book/old.md", "book/structures/header.md", "make book"),
    ],
    ids=["generate", "book"],
)
def test_check_names_what_differs_and_the_command_that_mends_it(
    compiler: Path, tmp_path: Path, program: list[object], changed: str, added: str, removed: str, task: str
) -> None:
    out = tmp_path / "generated"
    shutil.copytree(generator.GENERATED, out, ignore=shutil.ignore_patterns("__pycache__"))
    (out / changed).write_text("changed")
    (out / added).write_text("")
    (out / removed).unlink()
    done = _run(program, "--check", "--out", out)
    assert done.returncode == 1
    for name in (changed, added, removed, task):
        assert name in done.stderr
    assert (out / changed).read_text() == "changed"
    assert outputs.write(_files(generator.GENERATED), out) == sorted([changed, added, removed])


def test_a_broken_runtime_does_not_stand_in_the_way_of_the_parsers(compiler: Path, tmp_path: Path) -> None:
    """In a copy that holds the schemas, the compiler and a runtime that cannot be imported, and nothing else."""
    left_out = shutil.ignore_patterns("node_modules", "__pycache__")
    shutil.copytree(generator.FORMATS, tmp_path / "formats", ignore=left_out)
    (tmp_path / "formats" / "compiler" / "node_modules").symlink_to(compiler / "node_modules")
    (tmp_path / "vhdx_runtime").mkdir()
    (tmp_path / "vhdx_runtime" / "__init__.py").write_text("raise RuntimeError('broken on purpose')\n")
    for path in SOURCES:  # a field that the runtime reads gets another name
        text = path.read_text("utf-8").replace("log_offset", "log_place")
        (tmp_path / "formats" / path.name).write_text(text, "utf-8")
    command = [sys.executable, str(tmp_path / "formats" / "compiler" / "generate.py")]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    made = tmp_path / "generated"
    assert {path.name for path in made.iterdir()} == {"declarations", "vhdx_format"}
    assert set(_files(made)) == {name for name in _files(generator.GENERATED) if not name.startswith("book/")}
    assert "self.log_place = " in (made / "vhdx_format" / "header.py").read_text("utf-8")


def _files(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in paths}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    files = {"vhdx_format/a.py": "a\n", "vhdx_format/b.py": "b\n"}
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "of-another-task.md").touch()
    assert outputs.write(files, tmp_path) == ["vhdx_format/a.py", "vhdx_format/b.py"]
    before = (tmp_path / "vhdx_format" / "b.py").stat().st_mtime_ns
    assert outputs.write(files | {"vhdx_format/a.py": "A\n"}, tmp_path) == ["vhdx_format/a.py"]
    assert (tmp_path / "vhdx_format" / "b.py").stat().st_mtime_ns == before
    assert outputs.write({"vhdx_format/a.py": "A\n"}, tmp_path) == ["vhdx_format/b.py"]
    assert not (tmp_path / "vhdx_format" / "b.py").exists()
    assert (tmp_path / "book" / "of-another-task.md").exists()


def test_the_manifest_has_the_digest_of_every_schema_and_every_output() -> None:
    manifest = json.loads((generator.GENERATED / generator.MANIFEST).read_text("utf-8"))
    lock = json.loads((generator.COMPILER / "package-lock.json").read_text("utf-8"))
    pinned = lock["packages"]["node_modules/kaitai-struct-compiler"]["version"]
    assert manifest["compiler"] == {"name": "kaitai-struct-compiler", "version": pinned}
    files = {name: text for name, text in _files(generator.GENERATED).items() if not name.startswith("book/")}
    del files[generator.MANIFEST]
    assert manifest["outputs"] == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    assert manifest["schemas"] == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in SOURCES}


def test_generated_files_name_no_date_and_no_folder() -> None:
    for name, content in _files(generator.GENERATED).items():
        assert str(ROOT) not in content, name
        assert not re.search(r"\b20[2-9]\d-[01]\d-[0-3]\d\b", content), name


def test_the_lock_file_names_no_download_address() -> None:
    lock = (generator.COMPILER / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)


# Only keys of ours are changed, so that the compiler's output stays what it is.
WRONG = [
    ("bat_entry.ksy", "id: BAT-003", "id: BAT-002", r"bat_entry\.ksy.*BAT-002 is declared twice"),
    ("rules.yaml", "- id: BAT-001", "- id: HDR-001", r"rules\.yaml.*HDR-001 is declared twice"),
    ("bat_entry.ksy", "slug: bat-reserved-bits", "slug: bat-payload-state", r"rule BAT-003 has the slug of BAT-002"),
    ("log_entry.ksy", "-rule: LOG-018", "-rule: LOG-999", r"log_entry\.ksy: data_descriptor.*LOG-999 is declared now"),
    ("header.ksy", "-is: object_alignment", "-is: log_version", r"header\.ksy: header\.object_alignment.*log_version"),
    ("header.ksy", "-is: object_alignment", "-is: nothing", r"header\.ksy: header\.object_alignment.*names nothing"),
    ("header.ksy", "    value: head\n", "    value: heat\n", r"header\.ksy: header\.expected_signature: the value is"),
    ("region_table.ksy", "2DC27766", "3DC27766", r"region_table\.ksy: region_table_entry\.bat_guid"),
    ("header.ksy", "slug: hdr-signature", "slugg: x", r"header\.ksy.*HDR-001: missing: slug"),
    ("rules.yaml", "    severity:", "    colour: red\n    severity:", r"rules\.yaml.*unknown keys: colour"),
    ("rules.yaml", "verdict: refuse", "verdict: panic", r"rules\.yaml.*verdict is 'panic'"),
    ("rules.yaml", "counts-as: PLC-013", "counts-as: PLC-099", r"rules\.yaml: rule PLC-014 counts as PLC-099"),
    ("rules.yaml", "repair-how:", "repair-hwo:", r"rules\.yaml.*missing: repair-how"),
    (
        "clauses.yaml",
        "rules: [FTI-002]",
        "rules: [FTI-999]",
        r"clauses\.yaml: section 2\.2, .*no rule is called FTI-999",
    ),
    (
        "clauses.yaml",
        "rules: [HDR-006]",
        "rules: [HDR-006, RGN-001]",
        r"clauses\.yaml.*RGN-001 is a rule of section 2\.",
    ),
    ("clauses.yaml", "rules: [LOG-004, LOG-005]", "rules: [LOG-004]", r"clauses\.yaml: no clause names LOG-005"),
    (
        "clauses.yaml",
        "writer: [FTI-004]",
        "rules: [FTI-004]",
        r"clauses\.yaml.*FTI-004 is of scope writer, not for rules",
    ),
    (
        "clauses.yaml",
        "rules: [HDR-001]",
        "rules: [HDR-001]\n    unchecked: x",
        r"exactly one of .*, has rules, unchecked",
    ),
    ("clauses.yaml", "spells head.", "spells regi.\n    see: [RGN-999]", r"clauses\.yaml.*no rule is called RGN-999"),
    (
        "clauses.yaml",
        "text: A region's length is",
        "text: A region starts at",
        r"section 2\.2\.3\.2 says twice: A region",
    ),
    ("clauses.yaml", "level: must", "level: may", r"clauses\.yaml: clause 1: needs a section, a level"),
    ("bat_entry.ksy", "-size: 8", "-size: 9", r"bat_entry\.ksy: bat_entry: -size is 9, the fields take 8"),
    ("header.ksy", "doc: Version of the log format, 0.", "-none: 0", r"header\.ksy: header\.log_version has no doc"),
]
# The schema itself is changed.
WRONG_TO_THE_COMPILER = [
    ("header.ksy", "0x65, 0x61, 0x64]", "0x65, 0x61, 0x65]", r"header\.ksy: header\.expected_signature"),
    ("header.ksy", "log_length == 0 or", "log_lenght == 0 or", r"(?s)^header\.ksy.*log_lenght"),
    ("vhdx.ksy", "pos: 65536", "pos: 65537", r"vhdx\.ksy: -places header_1"),
    ("bat_entry.ksy", "type: b17", "type: b18", r"bat_entry\.ksy: bat_entry\.state: bit fields of 65 bits"),
    ("header.ksy", "  endian: le", "  endian: le\n  endian: be", r"header\.ksy:\d+: the key 'endian' stands twice"),
    ("header.ksy", "id: header\n", "id: heading\n", r"header\.ksy: meta/id is not header"),
]


@pytest.fixture(scope="session")
def compiled(compiler: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schemas as they are, compiled."""
    folder = tmp_path_factory.mktemp("compiled")
    generator.compile_schemas(generator.FORMATS, folder)
    return folder


@pytest.mark.parametrize(("file", "old", "new", "message"), WRONG)
def test_a_wrong_declaration_is_refused_with_file_and_place(
    compiled: Path, monkeypatch: pytest.MonkeyPatch, edit: Edit, file: str, old: str, new: str, message: str
) -> None:
    def compile_schemas(formats: Path, out: Path) -> str:
        shutil.copytree(compiled, out, dirs_exist_ok=True)
        return "0"

    monkeypatch.setattr(generator, "compile_schemas", compile_schemas)
    with pytest.raises(SchemaError, match=message):
        generator.generate(edit(file, old, new))


@pytest.mark.parametrize(("file", "old", "new", "message"), WRONG_TO_THE_COMPILER)
def test_a_wrong_schema_is_refused_with_file_and_place(
    compiler: Path, edit: Edit, file: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(SchemaError, match=message):
        generator.generate(edit(file, old, new))


def test_a_refusal_is_a_message_and_an_exit_code(compiler: Path, edit: Edit, tmp_path: Path) -> None:
    done = _run(GENERATE, "--formats", edit("header.ksy", "-is: object_alignment", "-is: nothing"), "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.startswith("error: header.ksy: header.object_alignment")
    assert not (tmp_path / "out").exists()


def test_integers_of_more_than_53_bits_survive_the_compiler(compiler: Path, edit: Edit) -> None:
    files = generator.generate(edit("header.ksy", "value: '0xffffffffffffffff'", "value: 18446744073709551615"))
    assert "self._m_sequence_number_max = 18446744073709551615" in files["vhdx_format/header.py"]
