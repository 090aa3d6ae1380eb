"""A disk from one form into another: to a new container, a fixed VHD, or a raw image.

Knows the formats and their names, which sizes a result has, and how it is read back. How bytes get into a file,
`filling` knows; how a new file gets its name, `write.newfile`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from ..codec.source import FileSource, Source, open_source
from ..disk.chain import Chain
from ..disk.image import load_image
from ..disk.virtual import VirtualDisk
from ..errors import IntegrityError
from ..findings import raise_first
from ..portable import allocate
from ..write.create import contents_of, first_state, new_target, write
from ..write.layout import Table
from ..write.target import Target
from . import origin as origins
from . import vhd
from .digest import UnitDigest
from .extents import Extent, Lost, of_disk, of_file
from .filling import Flat, NewBlocks, fill, fixed_in_order, in_order
from .form import Converted, ResultForm, format_of
from .origin import Origin


def convert(
    source: Any,
    target: str | os.PathLike[str] | Target,
    form: ResultForm | None = None,
    *,
    size: int | None = None,
    verify: bool = False,
    force: bool = False,
    advance: Callable[[int], object] = int,
) -> Converted:
    """Convert a disk.

    Args:
        source: a disk as `vhdx_runtime.open` gives it; else raw bytes: a path, bytes, an object with `size` and
            `read_at(offset, length)`, or a binary file, which may be a stream.
        target: path of the new file, or an empty target.
        form: what to make; None for what the ending of the target's name says.
        size: bytes that a stream has; needed where the result has to know it first.
        verify: read the result back and compare what the guest sees.
        force: replace a file of that name.
        advance: called with the number of bytes that are done.

    Raises:
        ValueError: an argument that makes no sense; a size is missing or not allowed.
        TakenFileError: there is such a file.
        VhdxError: the source cannot be read, or the result reads otherwise.
        OSError: the file cannot be written; nothing of it is left.
    """
    if form is None:
        name = os.fsdecode(target) if isinstance(target, (str, os.PathLike)) else ""
        found = format_of(name)
        if found is None:
            raise ValueError(f"{name or 'a target'}: what format? Its name does not say so")
        form = ResultForm(found, "fixed" if found == "vhd" else "dynamic")
    with opened_origin(source, size) as (origin, inputs), new_target(target, force, inputs) as out:
        made = save(origin, out, form, advance)
        if verify:
            require_same(origin, made.size, out, form, int)
        return made


@contextmanager
def opened_origin(source: Any, size: int | None = None) -> Iterator[tuple[Origin, list[Source]]]:
    """What to convert, and the files that are read; `convert` says what it may be."""
    if isinstance(source, VirtualDisk):
        yield origins.of_virtual_disk(source, Lost()), [image.source for image in source.images]
    elif isinstance(source, (str, os.PathLike)):
        file = FileSource(source)
        try:
            yield origins.of_raw(file), [file]
        finally:
            file.close()
    elif isinstance(source, (bytes, bytearray, memoryview)):
        yield origins.of_raw(open_source(source)), []
    elif hasattr(source, "read_at"):
        yield origins.of_object(source), []
    else:
        yield origins.of_file_object(source, size), []


def require_possible(origin: Origin, form: ResultForm, *, in_one_pass: bool = False) -> None:
    """See, before anything is written, that a result can be made, as far as sizes tell.

    Args:
        origin: what is converted.
        form: what to make of it.
        in_one_pass: from its first byte to its last, for a pipe.

    Raises:
        ValueError: it takes more than one pass; a size is missing, or not allowed.
        UnsupportedError: a VHD cannot hold the disk.
    """
    if form.format == "vhdx":
        if in_one_pass and form.disk_type != "fixed":
            what = "its table, which comes first, says where all blocks are"
            raise ValueError(
                f"a dynamic disk cannot go to a pipe: {what}; name a file, or make it fixed (--type fixed)"
            )
        form.layout(_size_of(origin))
        first_state(form.disk_type, form.block_state)
    elif form.format == "vhd":
        vhd.require_possible(origin.name, origin.size or 0, form.logical_sector_size)


def save(origin: Origin, out: Target, form: ResultForm, advance: Callable[[int], object]) -> Converted:
    """Write a disk into an empty file.

    Args:
        origin: what is converted.
        out: the file.
        form: what to make of it.
        advance: called with the number of bytes that are done.

    Raises:
        ValueError, VhdxError, OSError: as `convert`.
    """
    require_possible(origin, form)
    if form.format != "vhdx":
        return _save_flat(origin, out, form, advance)
    made = form.layout(_size_of(origin))
    table = Table(made, first_state(form.disk_type, form.block_state))
    blocks = NewBlocks(made, table)
    written, size = fill(origin, out, blocks, advance)
    write(out, made, contents_of(form.creator), table, size=blocks.end, allocate=form.allocate)
    return Converted(size, made.geometry.virtual_disk_size, written)


def _save_flat(origin: Origin, out: Target, form: ResultForm, advance: Callable[[int], object]) -> Converted:
    written, size = fill(origin, out, Flat(), advance)
    virtual_size = size
    out.resize(size)
    if form.format == "vhd":
        virtual_size = vhd.whole(size)
        vhd.require_possible(origin.name, size, form.logical_sector_size)
        out.resize(virtual_size)
        out.write_at(virtual_size, vhd.footer(virtual_size))
    if form.allocate and out.fd is not None:
        allocate(out.fd, out.size)
    return Converted(size, virtual_size, written)


def pieces(origin: Origin, form: ResultForm) -> tuple[Converted, Iterator[memoryview]]:
    """A result from its first byte to its last, where one pass can make it.

    Args:
        origin: what is converted.
        form: what to make of it.

    Returns:
        What it will be, and its bytes, each piece good until the next one is asked for.

    Raises:
        ValueError: it takes more than one pass, or the size is missing.
    """
    require_possible(origin, form, in_one_pass=True)
    if form.format == "raw" and origin.size is None:
        return Converted(0, 0, 0), in_order(origin, 0)  # as much as there is
    size = _size_of(origin)
    if form.format == "raw":
        return Converted(size, size, size), in_order(origin, size)
    if form.format == "vhd":
        return Converted(size, vhd.whole(size), size), _vhd_in_order(origin, vhd.whole(size))
    made = form.layout(size)
    table = Table(made, first_state(form.disk_type, form.block_state))
    found = Converted(size, made.geometry.virtual_disk_size, size)
    return found, fixed_in_order(made, contents_of(form.creator), table, origin)


def _vhd_in_order(origin: Origin, size: int) -> Iterator[memoryview]:
    yield from in_order(origin, size)
    yield memoryview(vhd.footer(size))


def _size_of(origin: Origin) -> int:
    if origin.size is None:
        raise ValueError(f"{origin.name}: size is missing: a stream does not say how long it is, and it comes first")
    if not origin.size:
        raise ValueError(f"{origin.name}: is empty, and no disk has no bytes")
    return origin.size


def require_same(origin: Origin, size: int, out: Target, form: ResultForm, advance: Callable[[int], object]) -> str:
    """Read a result back, and compare what its guest sees with what was converted.

    Args:
        origin: what was converted; it is read again, but for a stream.
        size: of it in bytes.
        out: the complete file.
        form: what was made.
        advance: called with the number of bytes that are done; twice for each.

    Returns:
        The sparse digest that both have.

    Raises:
        IntegrityError: they differ.
    """
    wanted = origin.digest(advance)
    digest = UnitDigest()
    with _read_back(out) as source:
        if form.format == "vhdx":
            image = load_image(source)
            raise_first(image.findings)
            disk = VirtualDisk(Chain((image,), (), ()))
            extents: Iterator[Extent] = of_disk(disk, Lost())
            digest.add_extents(extents, size, disk.readinto_at, lambda done: advance(size + done))
        else:
            digest.add_extents(of_file(source), size, source.readinto_at, lambda done: advance(size + done))
    if digest.hexdigest() != wanted:
        what = f"reads otherwise than {origin.name}: sparse digest {digest.hexdigest()}, expected {wanted}"
        raise IntegrityError(f"{out.name}: {what}; was the source changed meanwhile? Otherwise test the medium")
    return wanted


@contextmanager
def _read_back(out: Target) -> Iterator[Source]:
    """A file that is still being made, to read; closing it leaves it open."""
    if out.fd is None:
        yield out
        return
    with closing(FileSource(out.name, os.dup(out.fd))) as source:  # which knows where the file has holes
        yield source
