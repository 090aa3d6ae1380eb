"""`vhdx book`: the documentation of the layout in the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import click

from .common import USAGE, Failure, emit, emit_json, examples, json_option
from .steps import NEXT

if TYPE_CHECKING:
    from ..book import Book, Match

_WIDTH = 100
_DUMP = re.compile(r"^```dump\n(.*?)^```\n?", re.M | re.S)
_MANY = 40
_LISTED = (
    ("Structures", "structure"),
    ("Fields", "field"),
    ("Rules", "rule"),
    ("GUIDs", "guid"),
    ("Values", "value"),
    ("Constants", "constant"),
    ("What programs do", "practice"),
)
_COLOURS = ("blue", "green", "yellow", "magenta", "cyan", "red", "bright_blue", "bright_green")
_EPILOG = """\b
NAME is, for example:
  header  log_entry  bat_entry                     a structure, with its fields, bytes and rules
  header.log_guid  log_guid  LogGuid               a field, or all fields of that name
  LOG-023  hdr-checksum                            a rule
  bat_region  fully_present  block_size_max        a GUID, a value, a constant
  log  bat  chains  write-a-reader  glossary       a chapter
  D-09  P-05                                       a place where readers differ, a pitfall

""" + examples(
    "vhdx book",
    "vhdx book header",
    "vhdx book chapter log | less -R",
    "vhdx book LOG-023 --json | jq -r '.entries[].markdown'",
)


@click.command("book", epilog=_EPILOG)
@click.argument("name", nargs=-1, metavar="[NAME]")
@json_option
def command(name: tuple[str, ...], as_json: bool) -> None:
    """Print what the book of the format says of NAME; without it, what is in the book.

    A name in the specification's spelling, or in that of QEMU's header, will do. With the word chapter, structure,
    field, rule, value, guid or constant before it only such a thing is meant.
    """
    from ..book import load

    book = load()
    if not name:
        _emit_contents(book, as_json=as_json)
        return
    found = _found(book, name)
    if as_json:
        emit_json({"entries": [record(one) for one in found]})
        return
    show(found)


def show(found: Sequence[Match], before: str | None = None) -> None:
    """Print what was found in the book; `before` is a line above the first, where there is any."""
    if found and before is not None:
        emit([before])
    for number, one in enumerate(found):
        if number:
            emit(["─" * _WIDTH])
        _print(_parts(one.text, one.page))


def documentation(names: Iterable[tuple[str, str]]) -> list[Match]:
    """What the book says of names, each with its kind; each thing once, and nothing for what it does not know."""
    from ..book import load

    book = load()
    found = [one for name, kind in names if name for one in book.find(name, kind)]
    return list(dict.fromkeys(found))


def record(one: Match) -> dict[str, str]:
    """One thing that was found, for JSON."""
    return {"name": one.name, "kind": one.kind, "title": one.title, "page": one.page, "markdown": one.markdown}


def _print(parts: Iterable[Any]) -> None:
    """Print with colours on a terminal; elsewhere as plain lines of a fixed width."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal:
        for part in parts:
            console.print(part)
        return
    plain = Console(highlight=False, width=_WIDTH, no_color=True, force_terminal=False)
    with plain.capture() as captured:
        for part in parts:
            plain.print(part)
    emit(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))


def _found(book: Book, name: tuple[str, ...]) -> list[Match]:
    kind, rest = (name[0].lower(), name[1:]) if len(name) > 1 else ("", name)
    asked = " ".join(rest if kind in book.KINDS else name)
    found = book.find(asked, kind if kind in book.KINDS else "")
    if not found:
        near = book.suggestions(asked)
        hint = f"is it {_listed(near)}? {NEXT['book']}" if near else NEXT["book"]
        raise Failure(f"the book has nothing that is called {asked!r}", USAGE, hint)
    return found


def _listed(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _emit_contents(book: Book, *, as_json: bool) -> None:
    if as_json:
        emit_json({"entries": [record(one) | {"markdown": ""} for one in book.all()]})
        return
    emit(_contents(book))


def _contents(book: Book) -> Iterator[str]:
    from textwrap import wrap

    def _lines(title: str, names: list[str]) -> Iterator[str]:
        indent = " " * 2
        yield click.style(title, bold=True)
        text = ", ".join(names)
        yield from wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)

    yield from _lines("Chapters", book.names("chapter"))
    for title, kind in _LISTED:
        names = book.names(kind)
        yield from _lines(title, names if len(names) <= _MANY else [f"{len(names)}, from {names[0]} to {names[-1]}"])


def _parts(text: str, page: str) -> Iterator[Any]:
    """A topic as things that rich prints: Markdown, and dumps whose fields have colours."""
    from rich.markdown import CodeBlock, Markdown
    from rich.syntax import Syntax
    from rich.text import Text

    class _Code(CodeBlock):
        """As it is, without blanks before a line and however long: who copies a program takes along what is put in."""

        def __rich_console__(self, *_: Any) -> Iterator[Any]:
            source = str(self.text).rstrip()
            shown = Syntax(source, self.lexer_name, theme=self.theme).highlight(source)
            shown.rstrip()
            shown.no_wrap, shown.overflow = True, "ignore"
            yield shown

    class _Page(Markdown):
        elements: ClassVar = Markdown.elements | {"fence": _Code, "code_block": _Code}

    done = 0
    for match in _DUMP.finditer(text):
        yield _Page(text[done : match.start()])
        yield _dump(match[1])
        done = match.end()
    if text[done:].strip():
        yield _Page(text[done:])
    yield Text(f"\n({page})", style="dim")


def _dump(source: str) -> Any:
    from rich.text import Text

    from ..book.dumps import lines

    shown = Text("\n", no_wrap=True, overflow="ignore")
    for text, line in zip(source.rstrip("\n").split("\n"), lines(source), strict=True):
        raw = line.raw.hex(" ")
        before, _, after = text.partition(raw) if raw else (text, "", "")
        shown.append(before, "dim")
        shown.append(raw, _COLOURS[line.field % len(_COLOURS)])
        shown.append(after + "\n")
    return shown
