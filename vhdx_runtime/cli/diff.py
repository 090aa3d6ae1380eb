"""`vhdx diff`: what differs between two containers, by structure and by meaning, every byte accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import click

from ..check import check_image
from ..codec.source import open_source
from ..disk.image import Image, load_image
from ..disk.virtual import VirtualDisk
from ..errors import VhdxError
from ..findings import Finding
from ..inspect import Node, tree
from ..inspect.block_digests import BlockDigests
from ..inspect.difference import FileSide, LeafChange, changes, copies, ranges, whole
from ..inspect.difference_text import lines
from ..inspect.entry_changes import EntryChanges, EntryRun
from ..inspect.meaning import came_and_went, facts
from ..inspect.node import trail
from ..transfer.difference import Side, differences
from ..transfer.extents import Lost, of_disk
from ..wording import counted
from .common import FORMAT_VERSION, PATH, Failure, chain_options, emit, examples, json_option, shown, size_text
from .images import header_number, note_use, opened, say_foreign
from .steps import NEXT

SAME: Final = 0
DIFFERENT: Final = 1
TROUBLE: Final = 2

_LIMIT: Final = 40
_CHECKED: Final = 1 << 20  # entries of the table of each file that are checked without being asked for
_SHOWN: Final = 20
_COLOURS: Final = {"name": "cyan", "dim": "bright_black"}
_EPILOG: Final = """\b
Exit codes, those of diff:
  0  no byte differs
  1  some do
  2  a file could not be opened or read, or wrong usage

""" + examples(
    "vhdx diff before.vhdx after.vhdx",
    "vhdx diff --replayed before.vhdx after.vhdx",
    "vhdx diff --before-replay disk.vhdx",
    "vhdx diff --copies disk.vhdx",
    "vhdx diff --json before.vhdx after.vhdx | jq '.changes[].fields'",
)


@dataclass(slots=True)
class _Total:
    """What was found while it was printed."""

    bytes: int = 0
    changes: int = 0


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two containers, or one in two ways, and what of them is compared.

    Attributes:
        images: both.
        trees: of both.
        sides: pairs of sides, in the order of the file.
        view: which bytes: "stored", "replayed", "before and after replay" or "copies".
        meant: both as a reader takes them, logs replayed, which facts and findings are of.
        table: what became of entries of blocks.
    """

    images: tuple[Image, Image]
    trees: tuple[Node, Node]
    sides: list[tuple[FileSide, FileSide]]
    view: str
    meant: tuple[Image, Image]
    table: EntryChanges = field(default_factory=EntryChanges)
    total: _Total = field(default_factory=_Total)

    @property
    def is_one_file(self) -> bool:
        """Both are the same file."""
        return self.view not in ("stored", "replayed")


@click.command("diff", epilog=_EPILOG)
@click.argument("first", type=PATH, metavar="A")
@click.argument("second", type=PATH, metavar="[B]", required=False)
@click.option("--replayed", is_flag=True, help="Compare what both files are after replay of their logs, in memory.")
@click.option("--before-replay", is_flag=True, help="Compare A as it is stored with A after replay; there is no B.")
@click.option("--copies", is_flag=True, help="Compare both headers of A, and both region tables; there is no B.")
@click.option("--check/--no-check", "checks", default=None, help="Compare what vhdx check finds in both, or only what "
              f"opening finds; without either, tables of up to {_CHECKED} entries are checked.")  # fmt: skip
@click.option("--contents", is_flag=True, help="Read blocks that have moved, and say how many hold the same bytes.")
@click.option("--guest/--no-guest", default=None, help="Compare the disks that guests see, or not; without "
              "either, unless a disk gives more than its files hold.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=0), default=_LIMIT, show_default=True,
              help="Lines for each object, 0 for all. Not for --json.")  # fmt: skip
@click.option("--ranges", "every_range", is_flag=True, help="Print only the ranges of bytes that differ, all of them.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing and stop at the first difference.")
@chain_options
@json_option
@click.pass_context
def command(ctx: click.Context, /, first: str, second: str | None, **options: Any) -> None:
    """Say what differs between the files A and B: which fields, entries and blocks, and what that means.

    Bytes are those that are stored, logs included, unless --replayed is given; together the changes are exactly the
    bytes that differ. Then come facts (sizes, current header, state of the log), findings that only one file has, and
    the ranges in which the guest's disks differ. `vhdx compare` compares the disks alone.

    The options for parents, --log and --salvage are for the disks of the guests; they, and --header, hold for both.
    """
    if (second is None) != (options["before_replay"] or options["copies"]):
        raise Failure("name two files, or one with --before-replay or --copies", TROUBLE, NEXT["diff"])
    if options["before_replay"] + options["copies"] + options["replayed"] > 1:
        raise Failure("--before-replay, --copies and --replayed exclude one another", TROUBLE, NEXT["diff"])
    if options["every_range"] and options["as_json"]:
        raise Failure("--ranges and --json exclude one another", TROUBLE, NEXT["diff"])
    with ExitStack() as stack:
        try:
            pair = _pair(stack, first, second, options)
            _answer(pair, options)
        except VhdxError as error:
            raise Failure(str(error), TROUBLE) from error
    ctx.exit(DIFFERENT if pair.total.bytes else SAME)


def _pair(stack: ExitStack, first: str, second: str | None, options: dict[str, Any]) -> _Pair:
    """Open what is compared."""
    names = (first, first if second is None else second)
    logs = ("replay", "replay") if options["replayed"] else ("ignore", "ignore")
    if options["before_replay"]:
        logs = ("ignore", "replay")
    images = tuple(_loaded(stack, name, log, options) for name, log in zip(names, logs, strict=True))
    for image in images[: 1 if second is None else 2]:
        note_use(image.source)
        say_foreign(image)
    one, other = images
    trees = (tree(one), tree(other))
    if options["copies"]:
        return _Pair((one, one), (trees[0], trees[0]), copies(one.source, trees[0]), "copies", (one, one))
    sides = [(whole(one, trees[0]), whole(other, trees[1]))]
    view = "before and after replay" if options["before_replay"] else "replayed" if options["replayed"] else "stored"
    meant = (one, other)
    if view == "stored":
        meant = (_loaded(stack, names[0], "replay", options), _loaded(stack, names[1], "replay", options))
    size = one.geometry.block_size if one.geometry else 0
    table = EntryChanges((BlockDigests(one.view), BlockDigests(other.view)) if options["contents"] else None, size)
    return _Pair((one, other), trees, sides, view, meant, table)


def _loaded(stack: ExitStack, name: str, log: str, options: dict[str, Any]) -> Image:
    return stack.enter_context(load_image(open_source(name), log=log, header=header_number(options)))


def _answer(pair: _Pair, options: dict[str, Any]) -> None:
    from .progress import progress

    if options["quiet"]:
        pair.total.bytes = int(any(next(ranges(*sides), None) for sides in pair.sides))
        return
    longest = sum(max(one.length, other.length) for one, other in pair.sides)
    with progress("comparing", longest, prints=True) as advance:
        if options["as_json"]:
            emit(_json(pair, options, advance))
        elif options["every_range"]:
            emit(f"{sides[0].start + start:#x} to {sides[0].start + end:#x}"
                 for sides in pair.sides for start, end in _added(pair, ranges(*sides, advance)))  # fmt: skip
        else:
            emit(_text(pair, options, advance))


def _added(pair: _Pair, found: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in found:
        pair.total.bytes += end - start
        yield start, end


def _counted(pair: _Pair, found: Iterable[LeafChange | EntryRun]) -> Iterator[LeafChange | EntryRun]:
    for change in found:
        pair.total.bytes += change.bytes
        pair.total.changes += 1
        if isinstance(change, EntryRun):
            pair.table.add(change)
        yield change


def _changes(
    pair: _Pair, sides: tuple[FileSide, FileSide], advance: Callable[[int], None]
) -> Iterator[LeafChange | EntryRun]:
    return _counted(pair, changes(*sides, advance))


def _text(pair: _Pair, options: dict[str, Any], advance: Callable[[int], None]) -> Iterator[str]:
    def _paint(text: str, kind: str) -> str:
        return click.style(text, fg=_COLOURS[kind])

    for letter, image in zip("AB", pair.images[: 1 if pair.is_one_file else 2], strict=False):
        yield f"{letter}: {shown(image.name)}, {size_text(image.source.size)}"
    count = 0
    for sides in pair.sides:
        for line in lines(_changes(pair, sides, advance), sides[0].start, options["limit"], _paint):
            count += line.startswith(" ")
            yield line
    if pair.view == "copies":
        yield from _standing(pair, _paint)
    if not pair.total.bytes:
        yield {"copies": "The copies are the same.", "before and after replay": "Replay changes nothing."}.get(
            pair.view, "No byte differs."
        )
        return
    if pair.view != "copies":
        yield from _meaning(pair, options, _paint)
    yield f"{counted(pair.total.bytes, 'byte')} in {counted(pair.total.changes, 'change')}."
    if count != pair.total.changes:
        yield _paint(
            "A change is of one field, or of entries in a row; what was replaced or left out is one line.", "dim"
        )


def _standing(pair: _Pair, paint: Callable[[str, str], str]) -> Iterator[str]:
    """Which of the copies count."""
    yield paint("copies", "name")
    for side in (side for sides in pair.sides for side in sides):
        node = trail(side.root, side.start)[1]
        yield f"  {node.name:<14}  {node.note}"


def _meaning(pair: _Pair, options: dict[str, Any], paint: Callable[[str, str], str]) -> Iterator[str]:
    known = _facts(pair)
    if known:
        yield paint("facts", "name")
        width = max(len(fact["name"]) for fact in known)
    for fact in known:
        yield f"  {fact['name']:<{width}}  {_value(fact['a'])} → {_value(fact['b'])}"
    yield from _table_lines(pair.table, paint)
    found = _findings(pair, options)
    if found["came"] or found["went"] or not found["is_checked"]:
        yield paint("findings", "name")
    yield from (f"  - {one['verdict']}: {shown(one['message'])}" for one in found["went"])
    yield from (f"  + {one['verdict']}: {shown(one['message'])}" for one in found["came"])
    if not found["is_checked"]:
        yield paint("  only those of opening are compared; --check has both files checked", "dim")
    with _guest(pair, options) as guest:
        if guest is not None:
            yield paint("guest", "name")
            yield from _guest_lines(guest)


def _facts(pair: _Pair) -> list[dict[str, Any]]:
    return facts(*pair.meant, (tree(pair.meant[0]), tree(pair.meant[1])))


def _table_lines(table: EntryChanges, paint: Callable[[str, str], str]) -> Iterator[str]:
    if table.states or table.moved:
        yield paint("entries of blocks", "name")
    for (old, new), count in table.states.items():
        yield f"  {counted(count, 'entry', 'entries')}: {old or 'an undefined state'} → {new or 'an undefined state'}"
    if table.moved:
        same = "" if table.same is None else f", {table.same} of them with the same bytes there"
        yield f"  {counted(table.moved, 'entry', 'entries')}: another place in the file{same}"


def _guest_lines(guest: _Guest) -> Iterator[str]:
    count = size = 0
    for start, length in guest:
        count, size = count + 1, size + length
        if count <= _SHOWN:
            yield f"  {start:#x} to {start + length:#x} differs, {size_text(length)}"
    if count > _SHOWN:
        yield f"  … and {count - _SHOWN} more; `vhdx compare` lists them"
    if count:
        yield f"  {size_text(size)} in {counted(count, 'range')}"
    if guest.error:
        yield f"  not compared to the end: {shown(guest.error)}"
    elif not count:
        yield "  the disks are the same"


def _value(value: Any) -> str:
    return "none" if value is None else shown(str(value))


def _findings(pair: _Pair, options: dict[str, Any]) -> dict[str, Any]:
    entries = [image.geometry.entry_count if image.geometry else 0 for image in pair.meant]
    checks = max(entries) <= _CHECKED if options["checks"] is None else options["checks"]
    found: list[tuple[Finding, ...]] = []
    for image in pair.meant:
        found.append(tuple(check_image(image).findings) if checks else tuple(image.findings))
    came, went = came_and_went(*found)
    return {"is_checked": checks, "came": came, "went": went}


@dataclass(slots=True)
class _Guest:
    """The ranges in which two disks differ, as far as they can be read.

    Attributes:
        disks: both, where they could be opened.
        error: why there are no more; "" where there are none.
    """

    disks: tuple[VirtualDisk, ...] = ()
    error: str = ""

    def __iter__(self) -> Iterator[tuple[int, int]]:
        if not self.disks:
            return
        losses = [Lost(), Lost()]
        one, other = (Side(disk.size, of_disk(disk, lost), disk.readinto_at)
                      for disk, lost in zip(self.disks, losses, strict=True))  # fmt: skip
        try:
            yield from differences(one, other, lambda _: None)
        except VhdxError as error:
            self.error = str(error)
            return
        for disk, lost in zip(self.disks, losses, strict=True):
            lost.add_failures(disk)
            if lost.count:
                self.error = f"{size_text(lost.bytes)} of {disk.name} could not be read, and nothing is said of them"

    def record(self) -> dict[str, Any]:
        """As plain values."""
        found = [{"start": start, "length": length} for start, length in self]
        return {"error": self.error or None, "ranges": found}


@contextmanager
def _guest(pair: _Pair, options: dict[str, Any]) -> Iterator[_Guest | None]:
    """Where the disks differ; None where that is not asked for."""
    if pair.is_one_file or options["guest"] is False:
        yield None
        return
    with ExitStack() as stack:
        guest = _Guest()
        try:
            disks = tuple(stack.enter_context(opened(image.name, options)) for image in pair.images)
            if options["guest"] is None and (large := next(filter(_is_amplified, disks), None)):
                guest.error = f"{large.name} gives more than its files hold; --guest compares it all the same"
            else:
                guest.disks = disks
        except Failure as failure:
            guest.error = str(failure)
        yield guest


def _is_amplified(disk: VirtualDisk) -> bool:
    from ..transfer.amplification import held, is_amplified

    return is_amplified(disk, held(disk))


def _json(pair: _Pair, options: dict[str, Any], advance: Callable[[int], None]) -> Iterator[str]:
    """The lines of the report; written while it is found, as there may be many changes."""
    import json

    yield f'{{"format_version": {FORMAT_VERSION}, "view": {json.dumps(pair.view)},'
    for letter, image in zip("ab", pair.images, strict=True):
        yield f' "{letter}": {json.dumps({"file": image.name, "size": image.source.size})},'
    yield ' "changes": ['
    pending = ""
    for sides in pair.sides:
        for change in _changes(pair, sides, advance):
            if pending:
                yield pending + ","
            found = change.as_values()
            placed = {name: sides[0].start + found[name] for name in ("start", "end")}
            pending = f"  {json.dumps(found | placed)}"
    yield f"{pending}],"
    is_whole = pair.view != "copies"
    yield f' "facts": {json.dumps(_facts(pair) if is_whole else [])},'
    yield f' "table": {json.dumps(pair.table.as_values())},'
    yield f' "findings": {json.dumps(_findings(pair, options) if is_whole else None)},'
    with _guest(pair, options) as guest:
        yield f' "guest": {json.dumps(guest and guest.record())},'
    yield f' "bytes": {pair.total.bytes}, "identical": {json.dumps(not pair.total.bytes)}}}'
