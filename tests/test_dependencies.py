"""What the code imports is declared in pyproject.toml; what an extra brings may be missing, nothing else may."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.extras import brought, extra_of
from tests.support.modules import ROOT, tree, where
from tests.support.sampling import sampled

FOLDERS = ("vhdx_runtime", "formats", "tests")
NOT_SHIPPED = {"dev", "test", "browser", "docs"}  # never needed by what a user runs
FIRST_PARTY = {"vhdx_runtime", "vhdx_format", "formats", "tests", "tape_format"}
MODULES = [path for top in FOLDERS for path in (ROOT / top).rglob("*.py") if "node_modules" not in path.parts]


def foreign(path: Path) -> list[tuple[int, str]]:
    """Every import of a module that is neither Python's nor the project's: line and first name."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.partition(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.append((node.lineno, node.module.partition(".")[0]))
    return [(line, name) for line, name in found if name not in sys.stdlib_module_names | FIRST_PARTY]


def test_every_package_that_is_imported_is_declared() -> None:
    assert len(MODULES) > 300, "the folders of the code hold too few modules"
    declared = frozenset().union(*brought().values())
    found = [f"{where(path, line)} {name}" for path in MODULES for line, name in foreign(path) if name not in declared]
    assert not found, "\n".join(found)


def test_what_a_user_runs_imports_nothing_that_only_the_tests_bring() -> None:
    declared = frozenset().union(*(brought()[extra] for extra in brought().keys() - NOT_SHIPPED))
    paths = [path for path in MODULES if path.is_relative_to(ROOT / "vhdx_runtime")]
    found = [f"{where(path, line)} {name}" for path in paths for line, name in foreign(path) if name not in declared]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("coverage", "peers"),
        ("properdocs.structure", "docs"),
        ("properdocs_theme_mkdocs", "docs"),
        ("pyvhdi", "peers"),
        ("refinery.lib", "more-peers"),
        ("playwright.sync_api", "browser"),
        ("atheris", "fuzz"),
        ("yaml", None),
        ("hypothesis", None),
        ("jsonschema", None),
        ("numpy", None),
        ("nowhere", None),
        ("", None),
    ],
)
def test_an_extra_is_known_by_what_it_brings(module: str, extra: str | None) -> None:
    assert extra_of(module) == extra


def collect(without: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of one module in a Python in which a package cannot be imported."""
    program = "import sys; sys.modules[sys.argv[1]] = None; import pytest; sys.exit(pytest.main(sys.argv[2:]))"
    command = [sys.executable, "-c", program, without, "-p", "no:cacheprovider", "-q", path]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize(
    ("without", "path", "extra"),
    sampled(
        [
            ("coverage", "tests/fuzz_generate/dissect_reached.py", "peers"),
            ("pyvhdi", "tests/benchmarks/reading.py", "peers"),
        ],
        "coverage",
    ),
)
def test_a_module_that_lacks_an_extra_is_skipped_loudly(without: str, path: str, extra: str) -> None:
    done = collect(without, path)
    _, _, told = done.stdout.partition("NOT TESTED HERE")
    assert done.returncode == 0, done.stdout
    assert f"1 × {without}: not installed (make test-all, or pip install 'vhdx-runtime[{extra}]')" in told


@pytest.mark.parametrize(
    ("without", "path"),
    sampled([("numpy", "vhdx_runtime/page/table.py"), ("jsonschema", "tests/cli/test_info.py")], "numpy"),
)
def test_a_module_that_lacks_any_other_package_fails(without: str, path: str) -> None:
    done = collect(without, path)
    assert done.returncode not in (0, 5), done.stdout
    assert f"import of {without} halted" in done.stdout


@pytest.mark.xdist_group("together")
def test_tests_that_share_what_is_made_once_run_in_one_worker(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("groups of tests: all run in one process")
    assert request.node.nodeid.endswith("@together"), "this pytest-xdist does not see groups under this pytest"
