"""The modules of vhdx_runtime as syntax trees, for tests about the code itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "vhdx_runtime"
MODULES = sorted(path for path in RUNTIME.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def dotted(path: Path) -> str:
    """Name of a module below vhdx_runtime: codec.decode; a package has the name of its folder, the root is ""."""
    parts = path.relative_to(RUNTIME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"
