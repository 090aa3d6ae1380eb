"""`vhdx fuzz dictionary`, `mutate` and `unpack`: what other fuzzers can use of this one."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from ..codec.source import Source

_LARGEST = "256M"
_LARGEST_SEED = "64M"


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
    from ..fuzz.mutate.mutate import mutate as changed_copy
    from .output import new_file, write_all

    sources = [_opened(name) for name in (image, other) if name]
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


@click.command(epilog=examples("vhdx fuzz unpack found/crash-1 crash.vhdx --seal"))
@click.argument("seed", type=PATH, metavar="SEED")
@click.argument("out", type=PATH, metavar="OUT")
@click.option("--seal", is_flag=True, help="Make every checksum right, as a target does that calls vhdx_reseal.")
@size_option("--max-size", "Longest file that is made; 64M where not given.", _LARGEST_SEED)
@click.option("--force", is_flag=True, help="Replace OUT where it exists.")
@json_option
def unpack(seed: str, out: str, seal: bool, max_size: int, force: bool, as_json: bool) -> None:
    """Write the image of a packed SEED to OUT.

    Seeds are what `vhdx fuzz generate --packed` writes and what a fuzzer makes of them.
    """
    from ..errors import VhdxError
    from ..fuzz.mutate.packed import extents
    from .output import new_file, write_sparse

    with closing(_opened(seed)) as source:
        if source.size > 2 * max_size:
            raise Failure(
                f"{seed}: is far longer than what it may become, {max_size} bytes", NOTHING_OPENED, NEXT["seed"]
            )
        try:
            length, held = extents(source.read_at(0, source.size), max_size)
            if seal:
                held = [(0, memoryview(_sealed(length, held)))]
        except MemoryError as error:
            raise Failure(f"{seed}: {length} bytes are more than memory can take", USAGE, NEXT["seal"]) from error
        except VhdxError as error:
            raise Failure(f"{seed}: {error}", NOTHING_OPENED, NEXT["seed"]) from error
        with new_file(out, force=force, inputs=[source]) as fd:
            write_sparse(fd, length, held)
    if as_json:
        emit_json({"file": out, "size": length, "sealed": seal})
    else:
        click.echo(f"{shown(str(out))}: {size_text(length)}")


def _opened(name: str) -> Source:
    from ..codec.source import open_source
    from ..errors import VhdxError

    try:
        return open_source(name)
    except VhdxError as error:
        raise Failure(str(error), NOTHING_OPENED) from error


def _sealed(length: int, held: Iterable[tuple[int, memoryview]]) -> bytearray:
    from ..fuzz.mutate.mutate import sealed

    image = bytearray(length)
    for offset, data in held:
        image[offset : offset + len(data)] = data
    return sealed(image)
