"""The declarations for other languages, compiled and run, say of structures what Python says."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from vhdx_format.layout import CONSTANTS, ENUMS, GUIDS, PLACES, STRUCTURES

from formats.compiler import generate as generator
from tests.generated.declared import Sample, differences, lines, mutants, samples
from tests.support.sampling import repeated

DRIVERS = Path(__file__).with_name("drivers")
DECLARATIONS = generator.GENERATED / generator.DECLARATIONS
SEED = 18


def _driver(name: str, folder: Path, fact: Callable[[str, str, str], str]) -> Path:
    """A driver that prints every constant too; `fact` makes a statement of kind, name and name inside the kind."""
    found = [fact("constant", name, "") for name in CONSTANTS] + [fact("guid", name, "") for name in GUIDS]
    found += [fact("enum", enum, item.id) for enum, values in ENUMS.items() for item in values.values()]
    found += [fact("place", place.id, "") for place in PLACES]
    text = (DRIVERS / name).read_text("utf-8")
    assert text.count("// CONSTANTS") == 1
    (folder / name).write_text(text.replace("// CONSTANTS", "\n    ".join(found)), "utf-8")
    return folder / name


def rust(source: Path, folder: Path) -> list[str]:
    """Compiles library and driver without a warning; returns the command."""
    if not shutil.which("rustc"):
        pytest.skip("Rust declarations: no rustc")

    def fact(kind: str, name: str, inner: str) -> str:
        name = name if kind == "enum" else name.upper()
        name = {"guid": f"{name}_GUID", "place": f"PLACE_OF_{name}", "enum": f"{name}::{inner.upper()}"}.get(kind, name)
        is_raw = kind == "guid" or (kind == "constant" and isinstance(CONSTANTS[name.lower()].value, bytes))
        return f'println!("{{}}", {f"hex(&vhdx::{name})" if is_raw else f"vhdx::{name}"});'

    flags = ["rustc", "--edition", "2021", "-O", "-D", "warnings", "--out-dir", folder]
    subprocess.run([*flags, "--crate-type", "lib", source / "rust" / "vhdx.rs"], check=True)
    program = _driver("driver.rs", folder, fact)
    subprocess.run([*flags, "--extern", f"vhdx={folder / 'libvhdx.rlib'}", program], check=True)
    return [str(folder / "driver")]


def tsc(source: Path, folder: Path) -> None:
    """Checks the types strictly and takes them away."""
    program = generator.COMPILER / "node_modules" / "typescript" / "bin" / "tsc"
    if not shutil.which("node") or not program.is_file():
        pytest.skip("TypeScript declarations: no Node.js, or typescript is not installed (npm ci in formats/compiler)")
    (folder / "package.json").write_text('{"type": "module"}')
    flags = ["--strict", "--target", "es2022", "--module", "es2022", "--declaration", "--noUnusedLocals"]
    command = ["node", program, *flags, "--outDir", folder, source / "typescript" / "vhdx.ts"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def typescript(source: Path, folder: Path) -> list[str]:
    """Compiles the module; returns the command."""
    tsc(source, folder)

    def fact(kind: str, name: str, inner: str) -> str:
        enum = "".join(part.capitalize() for part in name.split("_"))
        spelled = {"guid": f"{name}_GUID", "place": f"PLACE_OF_{name}"}.get(kind, name).upper()
        return f"fact(vhdx.{f'{enum}.{inner.upper()}' if kind == 'enum' else spelled});"

    return ["node", str(_driver("driver.mjs", folder, fact))]


def go(source: Path, folder: Path) -> list[str]:
    """Compiles package and driver after `go vet`; returns the command."""
    if not shutil.which("go"):
        pytest.skip("Go declarations: no go (Debian: golang-go)")

    def fact(kind: str, name: str, inner: str) -> str:
        camel = "".join(part.capitalize() for part in f"{name}_{inner}".split("_"))
        camel = {"guid": f"{camel}Guid[:]", "place": f"PlaceOf{camel}"}.get(kind, camel)
        return f"fact(vhdx.{camel})"

    (folder / "vhdx").mkdir()
    shutil.copy(source / "go" / "vhdx.go", folder / "vhdx")
    (folder / "go.mod").write_text("module driver\n\ngo 1.18\n")
    _driver("driver.go", folder, fact)
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOCACHE": str(_go_cache(folder))}
    for arguments in (["vet", "-composites=false", "./..."], ["build", "-o", "driver", "driver.go"]):
        subprocess.run(["go", *arguments], check=True, cwd=folder, env=environment)
    assert subprocess.check_output(["gofmt", "-l", "vhdx"], cwd=folder, text=True) == ""
    return [str(folder / "driver")]


def _go_cache(folder: Path) -> Path:
    """The standard library is compiled once for all tests of a run."""
    return next((parent for parent in folder.parents if parent.name.startswith("pytest-")), folder) / "go-cache"


LANGUAGES = {"go": go, "rust": rust, "typescript": typescript}
EVERY_LANGUAGE = pytest.mark.parametrize("language", sorted(LANGUAGES))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The command of a language's driver, compiled once."""
    known: dict[str, list[str]] = {}

    def build(language: str) -> list[str]:
        if language not in known:
            known[language] = LANGUAGES[language](DECLARATIONS, tmp_path_factory.mktemp(language))
        return known[language]

    return build


@pytest.fixture(scope="session")
def some() -> list[Sample]:
    """The structures of one conformance case in ten."""
    return samples(10)


def run(command: list[str], chosen: list[Sample]) -> list[str]:
    """What a driver says otherwise than Python."""
    done = subprocess.run(command, input=lines(chosen), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return differences(chosen, done.stdout)


@EVERY_LANGUAGE
def test_sizes_offsets_and_constants_are_those_of_the_layout(program: Callable[[str], list[str]], language: str) -> None:
    expected = []
    for name, structure in STRUCTURES.items():
        placed = [item for item in structure.fields if item.offset is not None]
        fields = [f" {item.id}:{item.offset}:{item.size or STRUCTURES[item.type].size}" for item in placed]
        fields += [" signature:0:4"] if name == "log_descriptor" else []
        expected.append(f"{name} {structure.size or 0}{''.join(fields)}")
    values = [constant.value for constant in CONSTANTS.values()] + [guid.raw for guid in GUIDS.values()]
    values += [value for values in ENUMS.values() for value in values] + [place.offset for place in PLACES]
    expected += [value.hex() if isinstance(value, bytes) else str(value) for value in values]
    done = subprocess.run([*program(language), "facts"], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == expected


@EVERY_LANGUAGE
def test_values_and_rules_of_conformance_images_are_those_of_python(
    program: Callable[[str], list[str]], some: list[Sample], language: str
) -> None:
    assert {one.name for one in some} == STRUCTURES.keys()
    assert run(program(language), some) == []


@pytest.mark.slow
@EVERY_LANGUAGE
def test_values_and_rules_of_all_conformance_images_are_those_of_python(
    program: Callable[[str], list[str]], language: str
) -> None:
    assert run(program(language), samples()) == []


@EVERY_LANGUAGE
def test_values_and_rules_of_mutants_are_those_of_python(
    program: Callable[[str], list[str]], some: list[Sample], language: str
) -> None:
    chosen = list(mutants(some, repeated(500, 10_000), SEED))
    assert run(program(language), chosen) == [], f"seed {SEED}"
