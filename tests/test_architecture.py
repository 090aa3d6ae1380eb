"""The architecture holds: who imports whom, how long things are, and what may write files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.modules import MODULES, ROOT, RUNTIME, dotted, tree, where

HAND_WRITTEN = MODULES + sorted(
    path for path in (ROOT / "formats" / "compiler").rglob("*.py") if "node_modules" not in path.parts
)

MODULE_LINES = 400
MODULE_LINES_HARD = 400
FUNCTION_LINES = 40

GENERATED_DATA = {"vhdx_format.layout", "vhdx_format.rules", "vhdx_format.bulk", "vhdx_format.clauses"}
GENERATED_DATA |= {"vhdx_format.packers", "vhdx_format.foreign"}
CORE = {"errors", "findings", "wording", "portable", "codec", "semantics", "disk", "hints", "version"}

# Who may import whom, from left to right. A name stands for the module or the whole package; nothing else is allowed.
# Where a package has rooms of its own, each has a row, and what is left of the package has one too.
ALLOWED = {
    "version": set(),
    "portable": set(),
    "wording": set(),
    "hints": {"wording"},
    "errors": {"hints"},
    "findings": {"errors"},
    "codec": {"errors", "findings", "portable", "wording"},
    "semantics": {"errors", "findings", "codec", "wording"},
    "disk": {"hints", "errors", "findings", "portable", "wording", "codec", "semantics"},
    "": {"errors", "findings", "codec.source", "disk.ranges", "disk.image", "disk.chain", "disk.virtual"}
    | {"check", "write", "version"},
    "transfer": CORE | {"", "write"},
    "inspect": CORE | {""},
    "check": CORE,
    "write": CORE | {"check"},
    "change": CORE | {"write"},
    "repair": CORE | {"", "check", "write", "change"},
    "conformance.recipes": {"errors", "wording"},
    "conformance.build": {"codec.encode", "codec.checksum", "conformance.recipes"},
    "conformance.release": {"codec.checksum", "conformance", "conformance.recipes", "conformance.build"},
    "conformance.readers": {"errors", "wording"},
    "conformance.judge": {"errors", "wording", "conformance", "conformance.recipes", "conformance.build"}
    | {"conformance.readers"},
    "conformance": {"errors", "wording", "conformance.recipes", "conformance.build"},
    "fuzz.engine": set(),
    "fuzz.mutate": CORE,
    "fuzz.corpus": CORE | {"", "check", "conformance", "fuzz", "fuzz.engine", "fuzz.mutate"},
    "fuzz.judge": CORE | {"", "check", "conformance", "fuzz"},
    "fuzz.reduce": CORE | {"", "check", "conformance", "fuzz", "fuzz.mutate", "fuzz.judge"},
    "fuzz": CORE | {"", "check", "conformance", "fuzz.mutate"},
    "book": {"codec.encode", "conformance"},
    "page": CORE | {"", "inspect", "check"},
    "integrations": {"", "errors"},
    "cli": CORE
    | {"", "transfer", "inspect", "check", "change", "repair", "write", "fuzz", "conformance", "book", "page"},
    "__main__": {"cli"},
}

# Within the disk, which is one trip: a module imports only from those before it.
TRIP = (
    "sizes", "mapping", "cut", "orphans", "doubt", "foreign", "sorted_extents", "image", "ranges", "space", "attempts",
    "parent_search", "chain", "virtual", "usage", "summary",
)  # fmt: skip

# The table is a row of entries in a certain shape, and an entry is what it means.
MADE_OF = {"bat": {"presence"}, "table": {"bat", "geometry", "presence"}}

# Parts of a package that may import more than the rest of it: what holds the reader against what the others of
# conformance built, and what makes the pages of the book.
ALLOWED_PARTS = {
    "conformance.judge.judging": {""},
    "conformance.readers.ours": {""},
    "book.build": {"codec", "semantics", "disk.image", "write.create", "write.disk"} | {"write.recording"},
}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that `path` imports anywhere in its text: line and absolute name."""
    package = path.relative_to(ROOT).parts[:-1]
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


def room_of(name: str) -> str:
    """The row of ALLOWED for a module: of its room, where its package has rooms, else of the package."""
    return ".".join(name.split(".")[:2]) if ".".join(name.split(".")[:2]) in ALLOWED else name.split(".")[0]


def may_import(own: str, target: str, allowed: set[str]) -> bool:
    """Whether a module of the room `own` may import `target`.

    A package that has rooms stands for its modules outside the rooms when one of its own rooms names it.
    """
    if room_of(target) == own:
        return True
    if own.split(".")[0] == target.split(".")[0] != "":
        return room_of(target) in allowed
    return covered(target, allowed)


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 10
    assert {room_of(dotted(path)) for path in MODULES} <= ALLOWED.keys(), "a new package needs a row in ALLOWED"


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_imports_only_from_its_left(path: Path) -> None:
    name = dotted(path)
    own = room_of(name)
    parts = (more for part, more in ALLOWED_PARTS.items() if covered(name, {part}))
    allowed = ALLOWED[own].union(*parts)
    wrong = [
        f"{where(path, line)} imports {target}"
        for line, target in imported(path)
        if (relative := inside(target)) is not None and not may_import(own, relative, allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_circle() -> None:
    def reached(room: str, seen: frozenset[str]) -> None:
        assert room not in seen, f"{room} is reached from itself: {sorted(seen)}"
        for other in ALLOWED[room]:
            if room_of(other) != room:
                reached(room_of(other), seen | {room})

    for room in ALLOWED:
        reached(room, frozenset())


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_no_module_imports_itself_by_a_detour(path: Path) -> None:
    """Imports inside functions count too, but not that a module of a room loads the room's own `__init__`."""
    start, seen, waiting = dotted(path), set(), [dotted(path)]
    while waiting:
        for target in imports_of(waiting.pop()):
            assert target != start, f"{start} imports something that imports {start}"
            if target not in seen:
                seen.add(target)
                waiting.append(target)


@cache
def imports_of(name: str) -> tuple[str, ...]:
    path = RUNTIME.joinpath(*name.split(".")) if name else RUNTIME
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = (inside(target) for _, target in imported(path)) if path.exists() else ()
    return tuple({target for target in found if target is not None and target != name})


def test_the_disk_is_one_trip() -> None:
    wrong = [
        f"{name} imports {target}"
        for place, name in enumerate(TRIP)
        for target in imports_of(f"disk.{name}")
        if target.startswith("disk.") and target.removeprefix("disk.") not in TRIP[:place]
    ]
    assert {f"disk.{name}" for name in TRIP} == {dotted(path) for path in MODULES if dotted(path).startswith("disk.")}
    assert not wrong, "\n".join(wrong)


def test_only_the_workshop_of_the_book_imports_the_compiler_and_nobody_imports_the_workshop() -> None:
    wrong = [
        f"{where(path, line)} imports {target}"
        for path in MODULES
        if not dotted(path).startswith("book.build")
        for line, target in imported(path)
        if target.split(".")[0] == "formats" or target.startswith("vhdx_runtime.book.build")
    ]
    assert not wrong, "\n".join(wrong)


COMPILER = [path for path in HAND_WRITTEN if path not in MODULES]


@pytest.mark.parametrize("path", COMPILER, ids=lambda path: path.name)
def test_the_compiler_knows_the_schemas_and_nothing_else(path: Path) -> None:
    """It imports neither the runtime nor what it generates, and no text in it names a folder of anything else."""
    wrong = [f"{where(path, line)} imports {target}" for line, target in imported(path) if not is_of_compiler(target)]
    wrong += [
        f"{where(path, node.lineno)} names {node.value!r}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and node.value in OTHER_FOLDERS
    ]
    assert not wrong, "\n".join(wrong)


OTHER_FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"formats", "generated"}
OTHER_FOLDERS |= {"book", "conformance", "cases"}


def is_of_compiler(name: str) -> bool:
    """Whether the compiler may import a module: its own, the standard library's, YAML, or what builders import."""
    top = name.split(".")[0]
    return name.startswith("formats.compiler") or top in sys.stdlib_module_names | {"yaml", "construct"}


@pytest.mark.parametrize("path", sorted((RUNTIME / "semantics").rglob("*.py")), ids=dotted)
def test_the_ideas_of_semantics_import_no_other_but_what_they_are_made_of(path: Path) -> None:
    idea = dotted(path).split(".")[1:2]
    allowed = {*idea, *(other for one in idea for other in MADE_OF.get(one, ()))}
    wrong = [
        f"{where(path, line)} imports {target}"
        for line, target in imported(path)
        if target.startswith("vhdx_runtime.semantics.") and target.split(".")[2] not in allowed
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


def test_modules_are_loaded_by_name_only_where_public_names_parsers_and_commands_are() -> None:
    wrong = [
        where(path, node.lineno)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name | ast.Attribute)
        and getattr(node, "id", getattr(node, "attr", "")) in {"import_module", "__import__"}
        if dotted(path) not in {"", "codec.decode", "cli.lazy"}
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


# Longer modules, with the reason why a cut would hurt.
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
        if not node.name.startswith("_") and not ast.get_docstring(node) and not is_overload(node)
    ]
    assert not silent, "\n".join(silent)


def is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list)


# A recipe says in the specification's words what a file is to hold; these are the words of its form.
WORDS_OF_RECIPES = {"Bat", "Geometry", "HeaderCopy", "Item", "Log", "LogEntry", "Metadata", "Write"}


def test_no_two_public_classes_have_one_name() -> None:
    homes: dict[str, set[str]] = {}
    for path in MODULES:
        for node in tree(path).body:
            name = node.name if isinstance(node, ast.ClassDef) else alias_name(node)
            is_recipe = dotted(path).startswith("conformance.recipes.") and name in WORDS_OF_RECIPES
            if name and not name.startswith("_") and not is_recipe:
                homes.setdefault(name, set()).add(dotted(path))
    assert {"Image", "Chain", "VirtualDisk"} <= homes.keys(), "no classes were found where some are"
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def alias_name(node: ast.stmt) -> str:
    """The name that a statement gives to a type, or ""."""
    is_alias = isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name)
    return node.target.id if is_alias and node.annotation.id == "TypeAlias" else ""


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its decorators and its docstring."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


# What may open files for writing: output files that the user names, the sample images, and (its purpose) `write`.


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
