"""What readers and writers really do, from the files in `vhdx_runtime/book/data/`: divergences, pitfalls, writers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formats.compiler.schema import SchemaError, load_yaml, text, words

from .pages import BookPage, Topic, anchor, link_to, table

EVIDENCE = {"run": "run", "image": "image", "source": "source"}
_KEYS = {
    "divergences": ("id", "topic", "specification", "observed", "rules", "structures"),
    "pitfalls": ("id", "bug", "lesson", "rules", "structures"),
    "writers": ("writer", "does", "structures"),
}
_DIVERGENCES = """# Where readers differ

What programs make of VHDX files where the specification asks for something else, says nothing, or says two things.
Each line was found in one of three ways, named behind it: by running the program (*run*), in a file that it wrote
(*image*), or by reading its source (*source*). Versions are those of November 2026: QEMU 7.2.22 was run and its source
read up to 10.0.13; libvhdi 20260901, dissect.hypervisor 3.21 and 7-Zip 26.02 were run. {scoreboard} says how they fare
on the conformance cases.

"""
_PITFALLS = """# Pitfalls

Bugs that programs for VHDX really had, and what each teaches whoever writes the next one. Most are one line of
code; most cost somebody a disk.

"""


@dataclass(frozen=True)
class Practice:
    """The three files, as they stand."""

    divergences: list[dict[str, Any]]
    pitfalls: list[dict[str, Any]]
    writers: list[dict[str, Any]]
    rules: dict[str, Any]

    def of_structure(self, name: str, page: str) -> str:
        """What is known of one structure, as sections of its page."""
        parts = []
        said = [one for one in self.writers if name in words(one["structures"])]
        if said:
            listed = "".join(f"- **{one['writer']}**: {text(one['does'])}\n" for one in said)
            parts.append(f"## What writers do\n\n{listed}\n")
        for title, items, path, key in (
            ("Where readers differ", self.divergences, "divergences.md", "topic"),
            ("Pitfalls", self.pitfalls, "pitfalls.md", "lesson"),
        ):
            own = [one for one in items if name in words(one.get("structures"))]
            listed = "".join(
                f"- {link_to(one['id'], path, page, one['id'].lower())}: {text(one[key])}\n" for one in own
            )
            parts.append(f"## {title}\n\n{listed}\n" if own else "")
        return "".join(parts)

    def pages(self) -> list[BookPage]:
        """The pages of divergences and of pitfalls."""
        return [self._divergences(), self._pitfalls()]

    def _divergences(self) -> BookPage:
        path = "divergences.md"
        scoreboard = link_to("The scoreboard", "scoreboard.md", path)
        page = BookPage(path, "Where readers differ", "Practice", _DIVERGENCES.format(scoreboard=scoreboard))
        for one in self.divergences:
            rows = [(entry["who"], text(entry["does"]), entry["by"]) for entry in one["observed"]]
            body = f"### {one['id']}: {text(one['topic'])}\n\n"
            body += f"The specification: {text(one['specification'])}\n\n" + table(
                ("Who", "Does what", "Found by"), rows
            )
            self._add(page, one, body, text(one["topic"]))
        return page

    def _pitfalls(self) -> BookPage:
        page = BookPage("pitfalls.md", "Pitfalls", "Practice", _PITFALLS)
        for one in self.pitfalls:
            body = f"### {one['id']}: {text(one['lesson'])}\n\n{text(one['bug'])}\n\n"
            self._add(page, one, body, text(one["lesson"]))
        return page

    def _add(self, page: BookPage, one: dict[str, Any], body: str, title: str) -> None:
        rules = words(one.get("rules"))
        linked = ", ".join(link_to(rule, "rules.md", page.path, rule.lower()) for rule in rules)
        full = body + (f"Rules: {linked}.\n\n" if rules else "")
        page.text += f"{anchor(one['id'].lower())}\n\n{full}"
        page.topics.append(Topic(one["id"], "practice", f"{one['id']} {title}", page.path, one["id"].lower(), full))


def load(folder: Path, rules: dict[str, Any], structures: Iterable[str]) -> Practice:
    """Read the three files.

    Raises:
        SchemaError: one is not of its form.
    """
    found = {name: load_yaml(folder / f"{name}.yaml") for name in _KEYS}
    known, seen = set(structures), set()
    for name, items in found.items():
        for one in items:
            where = f"{name}.yaml: {one.get('id', one.get('writer'))}"
            missing = {key for key in _KEYS[name][:3] if key not in one}
            strange = set(one).difference(_KEYS[name]) | missing
            strange |= set(words(one.get("rules"))).difference(rules)
            strange |= set(words(one.get("structures"))).difference(known)
            strange |= {entry["by"] for entry in one.get("observed", ())}.difference(EVIDENCE)
            if strange or one.get("id", object()) in seen:
                raise SchemaError(f"{where}: {', '.join(sorted(map(str, strange))) or 'the id is there twice'}")
            seen.add(one.get("id"))
    return Practice(found["divergences"], found["pitfalls"], found["writers"], rules)
