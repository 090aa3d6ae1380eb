"""The architecture holds: who imports whom, how long things are, and what may write files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.modules import MODULES, ROOT, RUNTIME, dotted, tree, where

HAND_WRITTEN = MODULES + sorted(
    path for path in (ROOT / "formats" / "compiler").rglob("*.py") if "node_modules" not in path.parts
)

MODULE_LINES = 300
MODULE_LINES_HARD = 400
FUNCTION_LINES = 40

GENERATED_DATA = {"vhdx_format.layout", "vhdx_format.rules", "vhdx_format.bulk", "vhdx_format.clauses"}
CORE = {"errors", "findings", "portable", "codec", "semantics", "sizes", "mapping", "ranges", "image", "attempts"}
CORE |= {"chain", "disk"}

# Who may import whom, from left to right. A name stands for the module or the whole package; nothing else is allowed.
ALLOWED = {
    "errors": set(),
    "portable": set(),
    "findings": {"errors"},
    "codec": {"errors", "findings", "portable"},
    "semantics": {"errors", "findings", "codec"},
    "sizes": {"errors", "findings", "codec", "semantics"},
    "mapping": {"errors", "findings", "codec", "semantics"},
    "ranges": {"codec", "mapping"},
    "image": {"errors", "findings", "codec", "semantics", "sizes", "mapping"},
    "attempts": {"errors", "codec", "image"},
    "chain": {"errors", "findings", "codec", "semantics", "image", "attempts"},
    "disk": {"errors", "findings", "portable", "codec", "semantics", "mapping", "ranges", "image", "chain"},
    "": {"errors", "findings", "codec.source", "ranges", "image", "chain", "disk"},
    "summary": CORE | {""},
    "transfer": CORE | {""},
    "inspect": CORE | {""},
    "check": {"errors", "findings", "codec", "semantics", "mapping", "image", "chain"},
    "write": CORE | {""},
    "repair": CORE | {"", "check", "write"},
    "fuzz": CORE | {"", "check", "conformance"},
    "conformance": {"errors", "codec.encode", "codec.checksum"},
    "book": {"codec.encode", "conformance"},
    "page": CORE | {"", "summary", "inspect", "check"},
    "integrations": {"", "errors"},
    "cli": CORE
    | {"", "summary", "transfer", "inspect", "check", "repair", "write", "fuzz", "conformance", "book", "page"},
    "__main__": {"cli"},
}

# The parts of conformance that hold the reader against what the others built.
ALLOWED_MODULES = {"conformance.judging": {"", "errors"}, "conformance.readers.ours": {""}}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that `path` imports anywhere in its text: line and absolute name."""
    package = ["vhdx_runtime", *path.relative_to(RUNTIME).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, node.module] if node.module else base)
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                yield node.lineno, whole if is_module(whole) else source


def is_module(name: str) -> bool:
    parts = name.split(".")
    folder = {"vhdx_runtime": ROOT, "vhdx_format": ROOT / "generated"}.get(parts[0])
    path = folder / "/".join(parts) if folder else None
    return path is not None and (path.is_dir() or path.with_suffix(".py").exists())


def inside(name: str) -> str | None:
    """`name` relative to vhdx_runtime, or None when it is somebody else's."""
    if name == "vhdx_runtime":
        return ""
    return name.removeprefix("vhdx_runtime.") if name.startswith("vhdx_runtime.") else None


def covered(name: str, allowed: set[str]) -> bool:
    return any(name == entry or (entry and name.startswith(entry + ".")) for entry in allowed)


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 10
    assert {dotted(path).split(".")[0] for path in MODULES} <= ALLOWED.keys(), "a new package needs a row in ALLOWED"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_imports_only_from_its_left(path: Path) -> None:
    name = dotted(path)
    own = name.split(".")[0]
    allowed = ALLOWED[own] | ALLOWED_MODULES.get(name, set()) | ({own} if own else set())
    wrong = [
        f"{where(path, line)} imports {target}"
        for line, target in imported(path)
        if (relative := inside(target)) is not None and relative != name and not covered(relative, allowed)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", sorted((RUNTIME / "semantics").rglob("*.py")), ids=dotted)
def test_the_ideas_of_semantics_never_import_one_another(path: Path) -> None:
    idea = dotted(path).split(".")[:2]
    wrong = [
        f"{where(path, line)} imports {target}"
        for line, target in imported(path)
        if target.startswith("vhdx_runtime.semantics.") and target.split(".")[1:3] != idea
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("door", "libraries"),
    [
        ("codec.decode", {"kaitaistruct"}),
        ("codec.encode", {"construct", "vhdx_format.builders"}),
        ("codec.checksum", {"crc32c"}),
    ],
)
def test_a_foreign_library_has_one_door(door: str, libraries: set[str]) -> None:
    wrong = [
        f"{where(path, line)} imports {target}"
        for path in MODULES
        for line, target in imported(path)
        if dotted(path) != door and (target in libraries or target.split(".")[0] in libraries)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_decode_imports_the_parsers() -> None:
    wrong = [
        f"{where(path, line)} imports {target}"
        for path in MODULES
        for line, target in imported(path)
        if target.startswith("vhdx_format") and target not in GENERATED_DATA
        if dotted(path) not in {"codec.decode", "codec.encode"}
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_are_loaded_by_name_only_where_parsers_and_commands_are() -> None:
    wrong = [
        where(path, node.lineno)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name | ast.Attribute)
        and getattr(node, "id", getattr(node, "attr", "")) in {"import_module", "__import__"}
        if dotted(path) not in {"codec.decode", "cli.lazy"}
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [path for path in MODULES if dotted(path).startswith("cli")], ids=dotted)
def test_the_commands_know_nothing_of_the_format(path: Path) -> None:
    wrong = [
        f"{where(path, line)} imports {target}" for line, target in imported(path) if target.startswith("vhdx_format")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_in_the_head(path: Path) -> None:
    count = len(path.read_text().splitlines())
    assert count <= MODULE_LINES_HARD, (
        f"{path.relative_to(ROOT)} has {count} lines; {MODULE_LINES_HARD} at the very most"
    )
    assert count <= MODULE_LINES or path in LONG_FOR_A_REASON, (
        f"{path.relative_to(ROOT)} has {count} lines, > {MODULE_LINES}"
    )


# Between 300 and 400 lines, with the reason why a cut would hurt.
LONG_FOR_A_REASON: dict[Path, str] = {}


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{where(path, node.lineno)} {node.name} has {code_lines(node)} lines"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and code_lines(node) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_name_without_underscore_says_what_it_is_for(path: Path) -> None:
    """Functions inside functions too, which the linter passes over."""
    silent = [
        f"{where(path, node.lineno)} {node.name}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and its docstring."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


# What may open files for writing: output files that the user names, the sample images, and (its purpose) `write`.
WRITERS = {"cli.output", "conformance", "write", "fuzz.scratch"}
WRITING_CALLS = {
    "write_text", "write_bytes", "touch", "unlink", "rename", "rmdir", "symlink_to", "hardlink_to", "mkdir", "makedirs",
    "remove", "removedirs", "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory",
    "SpooledTemporaryFile", "truncate", "mknod", "mkfifo", "link", "symlink", "chmod", "utime", "setxattr",
}  # fmt: skip
WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "ACCESS_WRITE", "PROT_WRITE"}


def writes(node: ast.AST) -> str | None:
    """Why this node could change a file system, or None."""
    if isinstance(node, ast.Attribute | ast.Name):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        return name if name in WRITING_FLAGS else None
    if not isinstance(node, ast.Call):
        return None
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in WRITING_CALLS or (name == "replace" and isinstance(node.func, ast.Attribute) and is_os(node.func.value)):
        return f"{name}()"
    if name in {"open", "fdopen"}:
        modes = [arg.value for arg in [*node.args, *(k.value for k in node.keywords)] if isinstance(arg, ast.Constant)]
        if any(
            isinstance(mode, str) and re.fullmatch(r"[rwaxbt+]{1,4}", mode) and set(mode) & set("wax+")
            for mode in modes
        ):
            return f"{name}() for writing"
    return None


def is_os(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "os"


@pytest.mark.parametrize("path", [path for path in MODULES if not covered(dotted(path), WRITERS)], ids=dotted)
def test_nothing_outside_the_writers_opens_a_file_for_writing(path: Path) -> None:
    found = [
        f"{where(path, getattr(node, 'lineno', 0))} {reason}"
        for node in ast.walk(tree(path))
        if (reason := writes(node))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("arguments", [["--version"], ["info"]], ids=" ".join)
def test_a_light_command_imports_nothing_heavy(arguments: list[str], sample_image: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-c", "from vhdx_runtime.cli import main; main()", *arguments]
    done = subprocess.run(command + [str(sample_image)] * (arguments == ["info"]), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = {
        line.rsplit("|", 1)[1].strip().split(".")[0]
        for line in done.stderr.splitlines()
        if line.startswith("import time:")
    }
    assert "vhdx_runtime" in loaded, "importtime printed nothing to judge"
    assert not loaded & {"numpy", "construct", "rich"}


def project_files() -> list[Path]:
    """Every text file that belongs to the project."""
    tops = [ROOT / name for name in ("formats", "generated", "vhdx_runtime", "tests", ".ci")]
    files = [path for path in ROOT.iterdir() if path.is_file()]
    files += [path for top in tops for path in top.rglob("*") if path.is_file()]
    return [path for path in files if not {"node_modules", "__pycache__"} & set(path.parts)]


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    local = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/")
    found = []
    for path in project_files():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{where(path, number)} {line.strip()[:90]}" for number, line in enumerate(lines, 1) if local.search(line)
        ]
    assert not found, "\n".join(found)


def test_the_project_keeps_its_shape() -> None:
    assert {path.name for path in RUNTIME.iterdir() if path.is_dir()} - {"__pycache__"} <= ALLOWED.keys()
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "pyproject.toml", ".ci/run"):
        assert (ROOT / name).is_file(), name
