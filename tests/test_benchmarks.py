"""Benchmarks time what users run: no process that they measure compiles its modules anew."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.benchmarks import measure
from tests.support.modules import tree

FOLDER = Path(measure.__file__).parent
STARTERS = {"subprocess", "multiprocessing", "concurrent", "pty", "asyncio"}
OF_OS = ("fork", "system", "popen", "spawn", "exec", "posix_spawn")


def starts_processes(path: Path) -> bool:
    nodes = list(ast.walk(tree(path)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    calls = {node.attr for node in nodes if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "os"}
    return bool({name.partition(".")[0] for name in names} & STARTERS) or any(call.startswith(OF_OS) for call in calls)


def test_every_process_that_is_measured_is_started_at_one_place() -> None:
    paths = sorted(FOLDER.glob("*.py"))
    assert len(paths) > 5, "no benchmarks are left"
    assert [path.name for path in paths if starts_processes(path)] == ["measure.py"]


def test_what_is_measured_may_keep_compiled_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "measured_here.py").write_text("NUMBER = 7\n")
    assert measure.started(sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)").stdout == "False\n"
    measure.process(sys.executable, "-c", "import measured_here")()
    assert list((tmp_path / "__pycache__").glob("measured_here.*.pyc"))
