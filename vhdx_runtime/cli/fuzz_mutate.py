"""`vhdx fuzz dictionary` and `mutate`: what other fuzzers can use of this one."""

from __future__ import annotations

import click

from .common import (
    NOTHING_OPENED,
    PATH,
    USAGE,
    Failure,
    emit,
    emit_json,
    examples,
    json_option,
    shown,
    size_option,
    size_text,
)
from .steps import NEXT

_LARGEST = "256M"


@click.command(
    epilog=examples("vhdx fuzz dictionary > vhdx.dict", "afl-fuzz -x vhdx.dict …", "target -dict=vhdx.dict …")
)
@json_option
def dictionary(as_json: bool) -> None:
    """Print a dictionary for fuzzers.

    Signatures, GUIDs, keys of the parent locator, words of the block allocation table and integers, all as a file
    stores them. afl-fuzz (-x) and libFuzzer (-dict=) read it.
    """
    from ..fuzz.mutate.dictionary import entries

    found = entries()
    if as_json:
        listed = [{"name": entry.name, "kind": entry.kind, "value": entry.value.hex()} for entry in found]
        emit_json({"entries": listed})
    else:
        emit(entry.line for entry in found)


@click.command(epilog=examples("vhdx fuzz mutate disk.vhdx changed.vhdx --seed 7"))
@click.argument("image", type=PATH, metavar="IMAGE")
@click.argument("out", type=PATH, metavar="OUT")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one gives another change.")
@click.option("--other", type=PATH, metavar="IMAGE", help="Structures may be copied from this image.")
@size_option("--max-size", "Most bytes of IMAGE that are used, and of OUT; 256M where not given.", _LARGEST)
@click.option("--force", is_flag=True, help="Replace OUT where it exists.")
@json_option
def mutate(image: str, out: str, seed: int, other: str | None, max_size: int, force: bool, as_json: bool) -> None:
    """Write a changed copy of IMAGE to OUT.

    One change, or some, of fields and structures; the checksums are made right again, but for 3 in 100. The same
    arguments give the same bytes.
    """
    from ..codec.source import open_source
    from ..fuzz.mutate.mutate import mutate as changed_copy
    from .output import new_file, write_all

    sources = [open_source(name) for name in (image, other) if name]
    try:
        if max_size <= 0:
            raise Failure("--max-size: nothing would be left", USAGE, NEXT["max size"])
        data = [source.read_at(0, min(source.size, max_size)) for source in sources]
        if not data[0]:
            raise Failure(f"{image}: is empty", NOTHING_OPENED, NEXT["empty"])
        with new_file(out, force=force, inputs=sources) as fd:
            changed = memoryview(changed_copy(data[0], seed, max_size, data[1] if other else None))
            write_all(fd, changed)
    finally:
        for source in sources:
            source.close()
    if as_json:
        emit_json({"file": out, "size": len(changed), "seed": seed})
    else:
        click.echo(f"{shown(str(out))}: {size_text(len(changed))}, seed {seed}")
