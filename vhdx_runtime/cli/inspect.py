"""`vhdx inspect`: the tree of all fields and bytes of a file, for people or as JSON, and the bytes of one node.

Works for files that cannot be opened.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Any

import click

from ..codec.source import open_source
from ..disk.image import Image, load_image
from ..disk.summary import is_wrong
from ..errors import VhdxError
from ..findings import Finding
from ..inspect import Node, read, record, render, resolve, tree
from ..wording import counted
from .common import (
    FORMAT_VERSION,
    FOUND,
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    emit,
    examples,
    image_options,
    json_option,
    say_hint,
    shown,
    size_text,
    warn,
)
from .images import chain_of, header_number, say_foreign
from .inspect_query import answers, require_fitting, selected
from .steps import NEXT

_DEPTH = 2
_LIMIT = 40
_NAMES = 24
_MEMBERS = {"bat": ("entry", "entries"), "block": ("block",), "bitmap": ("sector bitmap",)}
_COLOURS = {"finding": "red", "name": "cyan", "dim": "bright_black", "mark": "yellow"}
_EPILOG = """\b
Addresses (PATH), some of many:
  header_1.sequence_number           region_table_2.entries[1].guid
  log.entries[3].descriptors[0]      metadata.items.file_parameters.block_size
  parent_locator.parent_linkage      bat[17]      block[5]      bitmap[0]

""" + examples(
    "vhdx inspect disk.vhdx",
    "vhdx inspect disk.vhdx log --depth 3",
    "vhdx inspect --doc disk.vhdx header_2",
    "vhdx inspect --raw disk.vhdx region_table_1 | xxd",
    "vhdx inspect disk.vhdx --html disk.html",
    "vhdx inspect --json disk.vhdx | jq '.. | select(.kind? == \"unknown\")'",
    "vhdx inspect disk.vhdx --select 'header_?.sequence_number'",
    "vhdx inspect disk.vhdx --select 'bat[*]' --where state=FULLY_PRESENT --columns index,file_offset",
    "vhdx inspect disk.vhdx --query '.bat.entries[] | select(.state == 6) | .index'",
)


@click.command("inspect", epilog=_EPILOG)
@click.argument("image", type=PATH)
@click.argument("path", default="", required=False)
@click.option("--depth", type=click.IntRange(min=0), help=f"Levels below PATH; {_DEPTH} without it, all with --json.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=_LIMIT,
    show_default=True,
    help="Nodes shown below each node, 0 for all. Not for --json.",
)
@click.option("--offsets/--no-offsets", default=True, help="Show file offset and size first; that is the default.")
@click.option("--doc", is_flag=True, help="Show what the schema says of each structure and field.")
@click.option("--raw", is_flag=True, help="Write the bytes at PATH to standard output, as they are after replay.")
@click.option("--select", metavar="PATTERN", help="Show all nodes whose address matches: 'bat[*]', 'header_?.*'.")
@click.option(
    "--where", multiple=True, metavar="CONDITION", help="With --select: of these the ones with FIELD=VALUE (!=, <, …)."
)
@click.option("--query", metavar="QUERY", help="Answer a query in the language of jq (needs the extra query).")
@click.option("--jsonl", is_flag=True, help="With --select or --query: JSON, one line for each.")
@click.option("--columns", metavar="NAMES", help="With --select or --query: CSV with these columns.")
@click.option(
    "--html",
    type=PATH,
    metavar="FILE",
    help="Write a page for browsers, with a full check in it.",
)
@click.option("--force", is_flag=True, help="With --html: replace FILE if it exists.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there is any finding, be it a note.")
@image_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, image: str, path: str, strict: bool, **options: Any) -> None:  # fmt: skip
    """Show every field and every byte of the file IMAGE, or what is at PATH in it.

    Every byte is in exactly one leaf; of overlapping structures the first one has it. Values are those after replay of
    the log (--log ignore: those of the file); what the log supplies is marked. Only IMAGE itself is opened, not its
    parents, unless --html is given. Exits with 1 when something is wrong with the file or with what is shown, with 3
    where it is no VHDX.

    With --select and --query, nodes from all over the file are picked by address and content. Entries of the BAT and
    blocks are then nodes one by one: bat[17], block[5]. Columns, and fields of --where, are path, kind, offset, size,
    value, meaning, structure, field, section, note, findings and others that --jsonl shows, and the bit fields and
    details of a node, such as index and state of bat[17]. One that nothing has is an error, which lists what there is.

    With --html, FILE becomes one page for browsers that asks nothing of the network: fields beside bytes, what counts
    and why, pictures of file and disk, findings. The bytes of payload blocks are not in it.
    """
    require_fitting(path, options)
    try:
        source = open_source(image)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error
    verdicts: set[str] = set()
    is_serious, is_foreign = False, False

    def _seen(finding: Finding) -> None:
        verdicts.add(finding.verdict)

    with load_image(source, log=options["log"], header=header_number(options)) as loaded:
        say_foreign(loaded)
        is_foreign = loaded.foreign is not None
        if cut := loaded.glance.cut:
            is_serious = True
            warn(f"{image}: cut off: {cut.sentence}")
        for finding in loaded.findings:
            _seen(finding)
        is_serious |= _show(loaded, path, options, _seen)
    is_found = is_serious or is_wrong([{"verdict": verdict} for verdict in verdicts], strict=strict)
    ctx.exit(NOTHING_OPENED if is_foreign else FOUND if is_found else 0)


def _show(image: Image, path: str, options: dict[str, Any], seen: record.Seen) -> bool:
    """Print or write what the options ask for; true where a check on the way found something serious."""
    root = tree(image)
    if options["select"] is not None:
        emit(selected(root, options, seen, lambda node: render.lines(node, _style(options, seen, depth=0))))
    elif options["query"] is not None:
        emit(answers(root, options["query"], options["columns"]))
    elif options["html"]:
        _node(root, path)
        return _write_page(image, path, options, seen)
    elif options["raw"]:
        _write(_node(root, path), as_json=options["as_json"])
    elif options["as_json"]:
        node = _node(root, path)
        emit(_versioned(record.lines(node, depth=options["depth"], doc=options["doc"], seen=seen)))
    else:
        _print(_node(root, path), options, seen)
    return False


def _versioned(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a JSON object, of which the first says of which version it is."""
    yield f'{{"format_version": {FORMAT_VERSION}, {next(lines).removeprefix("{")}'
    yield from lines


def _node(root: Node, path: str) -> Node:
    node, missing = resolve(root, path)
    if missing is None:
        return node
    where = node.path or "the file"
    names = [child.name for child in islice(node.children(), _NAMES)] if node.children else []
    known = f"{where} has {', '.join(names)}{' …' if len(names) == _NAMES else ''}" if names else NEXT["node"]
    base = missing.partition("[")[0]
    if base in node.series and base != missing:
        count = node.series[base].count
        last = f", 0 to {count - 1}" if count > 1 else ", number 0" if count else ""
        known = f"it has {counted(count, *_MEMBERS[base])}{last}"
    elif base in names and base != missing:
        known = f"{base} alone shows what is in it"
    elif near := get_close_matches(missing, names, 1):
        known = f"is it {near[0]}? {known}"
    raise Failure(f"nothing in {where} is called {missing!r}", USAGE, known)


def _write(node: Node, *, as_json: bool) -> None:
    from .output import write_stdout

    if as_json:
        raise Failure("--raw and --json exclude one another", USAGE, NEXT["raw and json"])
    if not node.parts:
        raise Failure(f"{node.path} has no bytes of its own", USAGE, NEXT["no bytes"])
    for part in read(node):
        write_stdout(memoryview(part))
    sys.stdout.flush()


def _write_page(image: Image, path: str, options: dict[str, Any], seen: record.Seen) -> bool:
    """The page for browsers; it is there whole or not at all, and never in place of a file that is read.

    Returns:
        Whether the check that it shows found something serious.
    """
    from ..check import table_size
    from ..page import page
    from .output import new_file, write_all
    from .progress import progress

    if path or options["raw"] or options["as_json"]:
        raise Failure("--html writes the whole file as one page", USAGE, NEXT["html"])
    with new_file(options["html"], force=options["force"], inputs=[image.source]) as fd:
        with progress("checking", table_size(image)) as show:
            made = page(image, show, chain_of(image, options))
        content = made.html.encode()
        write_all(fd, content)
    for finding in made.report.findings:
        seen(finding)
    click.echo(f"{shown(options['html'])}: {size_text(len(content))}, {shown(made.report.conclusion)}")
    say_hint(made.report.hint)
    return made.report.is_serious


def _style(options: dict[str, Any], seen: record.Seen, depth: int) -> render.Style:
    return render.Style(
        depth=depth if options["depth"] is None else options["depth"],
        limit=min(options["limit"], sys.maxsize),
        offsets=options["offsets"],
        doc=options["doc"],
        paint=lambda text, kind: click.style(text, fg=_COLOURS[kind]),
        seen=seen,
    )


def _print(node: Node, options: dict[str, Any], seen: record.Seen) -> None:
    style = _style(options, seen, _DEPTH)
    emit([click.style(render.heading(style), fg="bright_black")])
    emit(render.lines(node, style))
    if node.kind == "file" and node.findings:
        emit(["", "broken rules, as opening the file finds them:"])
        emit(f"  {found.verdict}: {shown(found.message)}" for found in node.findings)
