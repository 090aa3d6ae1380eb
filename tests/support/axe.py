"""What axe-core finds on a page, where it is there (`npm install --prefix build/axe axe-core`, or AXE_CORE)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.modules import ROOT

AXE = Path(os.environ.get("AXE_CORE", ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"))
GRAVE = ("serious", "critical")


def need_axe() -> None:
    """Skip where axe-core is not there."""
    if not AXE.is_file():
        pytest.skip("axe-core: not installed (npm install --prefix build/axe axe-core, or AXE_CORE=…/axe.min.js)")


def grave_findings(page: Any) -> list[str]:
    """The critical and serious findings on the page that a browser shows: rule and first place."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE]
