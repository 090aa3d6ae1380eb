"""Results as Markdown for people and JSON for programs, with what they were measured on."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from .measure import ROUNDS, Section, started


def machine() -> dict[str, str]:
    """What the figures depend on."""
    names = (
        "vhdx-runtime",
        "kaitaistruct",
        "crc32c",
        "click",
        "numpy",
        "libvhdi-python",
        "dissect.hypervisor",
        "dissect.cstruct",
    )
    qemu = started("qemu-img", "--version").stdout.splitlines()
    return {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.1f} GiB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load at start": f"{os.getloadavg()[0]:.2f}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "qemu-img": qemu[0].removeprefix("qemu-img version ") if qemu else "missing",
    } | {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def write(folder: Path, facts: dict[str, str], sections: list[Section]) -> list[Path]:
    """Write bench-<date>.md and .json into `folder`."""
    stem = folder / f"bench-{facts['date']}"
    record: dict[str, Any] = {"machine": facts, "rounds": ROUNDS, "sections": [_plain(section) for section in sections]}
    paths = [stem.with_suffix(".md"), stem.with_suffix(".json")]
    paths[0].write_text(markdown(facts, sections))
    paths[1].write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return paths


def _plain(section: Section) -> dict[str, Any]:
    plain = dataclasses.asdict(section)
    for figure, values in zip(section.figures, plain["figures"], strict=True):
        values["passed"] = figure.passed
    return plain


def markdown(facts: dict[str, str], sections: list[Section]) -> str:
    """The page for people."""
    lines = [f"# Benchmarks, {facts['date']}", ""]
    lines += [f"Medians of {ROUNDS} rounds, interleaved in one run, on tmpfs; everything through the public API.", ""]
    lines += ["| | |", "| --- | --- |"] + [f"| {name} | {value} |" for name, value in facts.items()]
    for section in sections:
        lines += ["", f"## {section.title[0].upper()}{section.title[1:]}", "", section.method, ""]
        lines += ["| contender | median | fastest | slowest |", "| --- | ---: | ---: | ---: |"]
        for name, median in section.seconds.items():
            rounds = section.rounds[name]
            lines.append(f"| {name} | {_seconds(median)} | {_seconds(min(rounds))} | {_seconds(max(rounds))} |")
        lines += ["", "| figure | value | target | |", "| --- | ---: | ---: | --- |"]
        for figure in section.figures:
            verdict = "–" if figure.target == "–" else ("pass" if figure.passed else "**FAIL**")
            what = f"{figure.name}: {figure.what}"
            lines.append(f"| {what} | {figure.value:.2f}{figure.unit} | {figure.target} | {verdict} |")
        lines += [""] * bool(section.notes) + section.notes
    return "\n".join(lines) + "\n"


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.2f} s"
