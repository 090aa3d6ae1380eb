"""Only the writers open files for writing: a reader cannot change a file by mistake."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.modules import MODULES, dotted, tree, where
from tests.test_architecture import covered

WRITERS = {"conformance", "write", "fuzz.sparse_copies"}


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
