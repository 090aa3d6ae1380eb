"""One browser for a module, and images made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.page.support import Tab, browser, roomy_folder


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    """A page in a browser."""
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the images of a module."""
    return tmp_path_factory.mktemp("page")


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Path]:
    """A folder that takes files of 64 TiB."""
    with roomy_folder(tmp_path) as folder:
        yield folder
