"""The folder that the files of a chain lie in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.containers import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "vm").mkdir()
    return Folder(tmp_path / "vm")
