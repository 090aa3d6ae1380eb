"""`.ci/run` starts as a newcomer does, and fails where only a machine that has more would pass."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".hypothesis")


@pytest.fixture
def repository(checkout: Path, tmp_path: Path) -> Path:
    """A scratch repository of the project's files as they are now; nothing of it is committed yet."""
    if not shutil.which("git"):
        pytest.skip("git: not installed (Debian: apt-get install git)")
    path = tmp_path / "scratch"
    shutil.copytree(checkout, path, ignore=LEFT_OUT)
    git(path, "init", "--quiet")
    return path


def git(path: Path, *words: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    subprocess.run(["git", *who, *words], cwd=path, check=True, capture_output=True)


def test_a_module_that_imports_a_package_which_is_not_installed_fails_as_a_newcomer(repository: Path) -> None:
    (repository / "vhdx_runtime" / "added.py").write_text('"""Added."""\n\nimport nowhere_to_be_found\n')
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "with a module added")
    command = [repository / ".ci" / "run", "newcomer", "T=test_format_facts"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=1800)
    assert "demo/demo.raw is the disk that the guest saw" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    assert "added.py:3: in <module>" in done.stdout
    assert "No module named 'nowhere_to_be_found'" in done.stdout
    assert done.returncode != 0
