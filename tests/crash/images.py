"""The sound files that the workloads start from, made from the specification with numbers of their own.

They are as a long life leaves a file: free space holds another block's bytes, and so does what lies behind the last
block; sector bitmaps hold bits of blocks that do not use them; the log holds entries of a session long over. Disks are
so large that they have several BAT pages, two chunks and two bitmap pages; of the files only what is there is held.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache

from crc32c import crc32c

from tests.crash.sparse import Sparse, put
from tests.crash.verifier import BAT, ITEMS, KIB, METADATA, MIB, NIL, PAGE, ZERO, Reading

FOREIGN = b"FOREIGN!" * 512
FILE_GUID = b"file-at-start-00"
CHAIN = (("", b"data-at-start-00"), ("parent.vhdx", b"data-of-parent-0"), ("base.vhdx", b"data-of-parent-1"))
"""Name and DataWriteGuid of a file and its parents."""
LOG_GUID = b"log-of-another-1"
PAGES_A_MIB = MIB // PAGE


@dataclass(frozen=True)
class Shape:
    """What a file is like.

    Attributes:
        name: for people.
        size: of the disk, in bytes.
        block_size: in bytes.
        sector_size: logical, in bytes.
        is_child: it has a parent of the same size.
        is_fixed: it leaves its blocks allocated.
        states: of payload blocks at the start, by number; the others are not present.
        bitmaps: chunks that have a bitmap at the start.
        hot: blocks that the workload works on.
        anchors: blocks that are unmapped or undefined and keep a place.
        parent: of a child of a child, what its parent is like.
    """

    name: str
    size: int
    block_size: int = MIB
    sector_size: int = 512
    is_child: bool = False
    is_fixed: bool = False
    states: dict[int, int] = field(default_factory=dict, hash=False)
    bitmaps: tuple[int, ...] = ()
    hot: tuple[int, ...] = ()
    anchors: tuple[int, ...] = ()
    parent: Shape | None = None

    @property
    def span(self) -> int:
        """Bytes of a block that are filled and written at once: all, but of a block of 32 MiB the first MiB."""
        return self.block_size if self.block_size <= 4 * MIB else MIB

    @property
    def blocks(self) -> int:
        """Payload blocks of the disk."""
        return -(-self.size // self.block_size)

    @property
    def ratio(self) -> int:
        """Payload blocks of a chunk."""
        return (self.sector_size << 23) // self.block_size

    @property
    def entries(self) -> int:
        """Entries of the BAT."""
        if self.is_child:
            return -(-self.blocks // self.ratio) * (self.ratio + 1)
        return self.blocks + (self.blocks - 1) // self.ratio


GIB = 1 << 30
SHAPES = (
    Shape(
        "dynamic",
        4 * GIB + 9 * MIB + 300 * KIB,
        states={0: 6, 1: 6, 2: 2, 3: 3, 5: 6, 601: 1, 4095: 6, 4096: 3, 4097: 6},
        hot=(0, 1, 2, 3, 4, 5, 600, 601, 4094, 4095, 4096, 4097, 4105),
        anchors=(601, 4096),
    ),
    Shape(
        "child",
        4 * GIB + 9 * MIB + 300 * KIB,
        is_child=True,
        states={0: 6, 1: 7, 2: 2, 3: 3, 16: 7, 17: 6, 18: 3, 4095: 7, 4097: 1},
        bitmaps=(0,),
        anchors=(18,),
        hot=(0, 1, 2, 3, 4, 16, 17, 18, 19, 40, 4094, 4095, 4096, 4097, 4105),
    ),
    Shape(
        "child of 4K sectors",
        32 * GIB + 20 * MIB,
        block_size=2 * MIB,
        sector_size=4096,
        is_child=True,
        states={0: 6, 1: 7, 2: 2, 64: 7, 16384: 7},
        bitmaps=(0, 1),
        hot=(0, 1, 2, 3, 64, 65, 66, 700, 16383, 16384, 16385, 16393),
    ),
    Shape(
        "dynamic of 4K sectors",
        2 * GIB + 4 * KIB,
        sector_size=4096,
        states={0: 6, 600: 6, 1: 3},
        hot=(0, 1, 2, 600, 601, 1100, 2047, 2048),
    ),
    Shape(
        "fixed",
        14 * MIB,
        is_fixed=True,
        states={**dict.fromkeys(range(14), 6), 8: 3, 9: 2, 10: 2, 11: 0, 12: 0},
        anchors=(8,),
        hot=(0, 1, 2, 8, 9, 10, 11, 12, 13),
    ),
)
"""Every kind of file, each large enough for what a crash may hit."""

_MIDDLE = Shape(
    "child in the middle",
    4 * GIB + 9 * MIB + 300 * KIB,
    is_child=True,
    states={0: 7, 1: 6, 2: 2, 4: 6, 6: 7, 12: 3, 4095: 7, 4097: 6},
    bitmaps=(0,),
    hot=(0, 1, 2, 4, 5, 6, 8, 12, 16, 17, 4092, 4095, 4096, 4097, 4104, 4105),
)
LARGE = (
    Shape(
        "child of a child, blocks of 4 MiB",
        4 * GIB + 9 * MIB + 300 * KIB,
        block_size=4 * MIB,
        is_child=True,
        states={0: 7, 1: 6, 2: 2, 3: 3, 1023: 7, 1025: 1},
        bitmaps=(0,),
        anchors=(3,),
        hot=(0, 1, 2, 3, 4, 5, 1023, 1024, 1025, 1026),
        parent=_MIDDLE,
    ),
    Shape(
        "dynamic, blocks of 32 MiB",
        9 * GIB + 300 * KIB,
        block_size=32 * MIB,
        states={0: 6, 1: 2, 2: 3, 127: 6, 128: 6, 130: 1},
        hot=(0, 1, 2, 3, 127, 128, 129, 130, 288),
        anchors=(130,),
    ),
)
"""Chains of three, and blocks so large that most of one is never touched."""

WIDE = Shape("wide child", 200 * GIB, is_child=True, hot=tuple(range(3, 200 * KIB, 512)))
"""Every hot block has a BAT page and a bitmap page of its own: entries so long that they fill the log."""


@dataclass(frozen=True)
class Base:
    """A file to start from: what it holds, and its parents; `is_dirty`: another writer left a log to be replayed."""

    shape: Shape
    file: Sparse
    parents: tuple[Sparse, ...]
    parent_disk: dict[int, bytes]
    is_dirty: bool = False

    def parent_page(self, number: int) -> bytes:
        """A page of the parent's disk."""
        return self.parent_disk.get(number, ZERO)


def content(page: int, writer: int) -> bytes:
    """A page of a disk as a writer of that number fills it: each sector tells which it is and whose."""
    return b"".join([struct.pack("<QQ", page * 8 + n, writer) * 32 for n in range(8)])


@lru_cache(64)
def base(shape: Shape, free: int = 2, has_tail: bool = True, odd: int = 0, level: int = 0) -> Base:
    """Make a file.

    Args:
        shape: what it is like.
        free: MiB of free space among the blocks.
        has_tail: more of it follows behind the last block.
        odd: bytes behind the last whole MiB.
        level: 1 for a parent.
    """
    pages = _frame(shape, level)
    place = 3 * MIB + _bat_length(shape) + free * MIB
    _fill(pages, place - free * MIB, free * MIB)
    words = {}
    for chunk in shape.bitmaps:
        words[chunk * (shape.ratio + 1) + shape.ratio] = place | 6
        _bits(pages, shape, place, chunk)
        place += MIB
    for block, state in sorted(shape.states.items()):
        has_place = state >= 6 or block in shape.anchors
        words[block + block // shape.ratio] = state | (place if has_place else 0)
        if state >= 6:
            pages.update(enumerate(_block(shape, block, state), place // PAGE))
        elif has_place:
            _fill(pages, place, shape.block_size)
        place += shape.block_size * has_place
    if has_tail or shape.is_fixed:  # a fixed file has room for all its blocks
        _fill(pages, place, 4 * MIB)
        place += 4 * MIB
    _fill(pages, place, -(-odd // PAGE) * PAGE)
    place += odd
    _table(pages, words)
    parents, disk = _parents(shape, level + 1) if shape.is_child else ((), {})
    return Base(shape, Sparse((pages,), place, CHAIN[level][0] or f"<{shape.name}>"), parents, disk)


def dirty(made: Base, first: int) -> Base:
    """The same file as another writer left it: the end of the BAT's story is in the log only.

    A block more is allocated behind the file's end, which is for the replay to grow. The log's two entries say all of
    the table; the first of them is not the oldest in the log, and the second wraps or not.

    Args:
        made: a file.
        first: page of the log where the first of the entries begins.
    """
    shape, size = made.shape, -(-made.file.size // MIB) * MIB
    pages = dict(made.file.layers[0])
    more = next(block for block in shape.hot if block not in shape.states)
    index = more + more // shape.ratio
    put(pages, made.file, 3 * MIB + 8 * index, (size | 6).to_bytes(8, "little"))
    table = range(3 * MIB // PAGE, (3 * MIB + 8 * shape.entries) // PAGE + 1)
    changed = [number for number in table if number in pages]
    half = len(changed) // 2
    stale = (size + 8 * MIB).to_bytes(8, "little").ljust(PAGE, b"\0")  # replayed, this would be a fault
    entries = (
        (first - 2, first - 2, 4, {changed[0]: stale}),
        (first, first, 5, {number: pages[number] for number in changed[:half]}),
        (first + 1 + half, first, 6, {number: pages[number] for number in changed[half:]}),
    )
    for at, tail, number, updates in entries:
        for n, page in enumerate(_entry(tail % PAGES_A_MIB, number, updates, made.file.size, size + shape.block_size)):
            pages[PAGES_A_MIB + (at + n) % PAGES_A_MIB] = page
    for number in changed:
        pages[number] = ZERO
    for page in (16, 32):
        pages[page] = _sealed(pages[page][:48] + LOG_GUID + pages[page][64:])
    return Base(shape, Sparse((pages,), made.file.size, made.file.name), made.parents, made.parent_disk, True)


def _entry(tail: int, number: int, updates: dict[int, bytes], flushed: int, last: int) -> list[bytes]:
    """A log entry by its pages."""
    count = len(updates)
    head = struct.pack("<4s4xIIQII16s", b"loge", (count + 1) * PAGE, tail * PAGE, number, count, 0, LOG_GUID)
    head += struct.pack("<QQ", flushed // MIB * MIB, last)
    body = b""
    for page, data in updates.items():
        head += struct.pack("<4s4s8sQQ", b"desc", data[-4:], data[:8], page * PAGE, number)
        body += struct.pack("<4sI", b"data", 0) + data[8:-4] + struct.pack("<I", number)
    raw = _sealed(head.ljust(PAGE, b"\0") + body)
    return [raw[at : at + PAGE] for at in range(0, len(raw), PAGE)]


def _bat_length(shape: Shape) -> int:
    return -(-shape.entries * 8 // MIB) * MIB


def _fill(pages: dict[int, bytes], offset: int, length: int) -> None:
    pages.update(dict.fromkeys(range(offset // PAGE, (offset + length) // PAGE), FOREIGN))


def _bits(pages: dict[int, bytes], shape: Shape, place: int, chunk: int) -> None:
    """Of partly present blocks every third sector is there; of others there are bits that mean nothing."""
    each = shape.block_size // shape.sector_size // 8
    for block in shape.hot:
        if block // shape.ratio == chunk and (block + 1) * shape.block_size <= shape.size:
            bits = (0x9249249249249249).to_bytes(8, "little") * (each // 8)
            put(pages, Sparse((), 0), place + block % shape.ratio * each, bits)


@lru_cache(64)
def _block(shape: Shape, block: int, state: int) -> tuple[bytes, ...]:
    """A block's own bytes, by pages; what a partly present one does not use is another's."""
    first, pages = block * shape.block_size // PAGE, []
    for n in range(shape.block_size // PAGE):
        if n >= shape.span // PAGE and n % 512:
            pages.append(ZERO)
            continue
        own = content(first + n, 1) if n % 8 < 5 or state == 7 else ZERO
        if state == 7 and shape.sector_size == 512:
            bits = (0x9249249249249249 >> n % 8 * 8) & 0xFF
            own = b"".join([own[k * 512 : k * 512 + 512] if bits >> k & 1 else FOREIGN[:512] for k in range(8)])
        elif state == 7 and not 0x9249249249249249 >> n % 64 & 1:
            own = FOREIGN
        pages.append(own[: max(0, shape.size - (first + n) * PAGE)].ljust(PAGE, b"\0"))
    return tuple(pages)


def _table(pages: dict[int, bytes], words: dict[int, int]) -> None:
    for index, word in words.items():
        put(pages, Sparse((), 0), 3 * MIB + 8 * index, word.to_bytes(8, "little"))


@lru_cache(8)
def _parents(shape: Shape, level: int) -> tuple[tuple[Sparse, ...], dict[int, bytes]]:
    """The parents, the next one first, and what the disk of the next one holds in the hot blocks."""
    if shape.parent:
        made = base(shape.parent, level=level)
        reading, each = Reading(made.file, made.parent_page), shape.parent.block_size // PAGE
        pages = [block * each + n for block in shape.parent.hot for n in range(each)]
        return (made.file, *made.parents), {n: page for n in pages if (page := reading.disk_page(n)) != ZERO}
    flat = Shape("parent", shape.size, shape.block_size, shape.sector_size, states=dict.fromkeys(shape.hot, 6))
    pages = _frame(flat, level)
    place, words, disk = 3 * MIB + _bat_length(flat), {}, {}
    for block in shape.hot[:16]:
        words[block + block // flat.ratio] = place | 6
        for n in range(flat.block_size // PAGE):
            number = block * flat.block_size // PAGE + n
            if number * PAGE < flat.size:
                disk[number] = pages[place // PAGE + n] = content(number, 0)[: flat.size - number * PAGE].ljust(
                    PAGE, b"\0"
                )
        place += flat.block_size
    _table(pages, words)
    return (Sparse((pages,), place, CHAIN[level][0]),), disk


def _frame(shape: Shape, level: int) -> dict[int, bytes]:
    """Identifier, headers, region tables, metadata, and a log of long ago."""
    pages: dict[int, bytes] = {0: b"vhdxfile".ljust(PAGE, b"\0")}
    for number, page in ((41, 16), (42, 32)):
        raw = struct.pack("<4s4xQ16s16s16sHHIQ", b"head", number, FILE_GUID, CHAIN[level][1], NIL, 0, 1, MIB, MIB)
        pages[page] = _sealed(raw.ljust(PAGE, b"\0"))
    table = struct.pack("<4s4xII", b"regi", 2, 0)
    table += struct.pack("<16sQII", BAT, 3 * MIB, _bat_length(shape), 1) + struct.pack(
        "<16sQII", METADATA, 2 * MIB, MIB, 1
    )
    table = _sealed(table.ljust(64 * KIB, b"\0"))
    for place in (192 * KIB, 256 * KIB):
        put(pages, Sparse((), 0), place, table)
    put(pages, Sparse((), 0), 2 * MIB, _metadata(shape, level + 1))
    for page in range(0, PAGES_A_MIB, 3):
        old = struct.pack("<4s4xIIQII16sQQ", b"loge", PAGE, page * PAGE, 7 + page, 0, 0, b"long-ago-long-ag", MIB, MIB)
        pages[PAGES_A_MIB + page] = _sealed(old.ljust(PAGE, b"\0"))
    return pages


def _metadata(shape: Shape, parent: int) -> bytes:
    flags = 2 if shape.is_child else int(shape.is_fixed)
    values = {
        "parameters": struct.pack("<II", shape.block_size, flags),
        "size": struct.pack("<Q", shape.size),
        "page83": b"identity-of-disk",
        "logical": struct.pack("<I", shape.sector_size),
        "physical": struct.pack("<I", 4096),
    }
    if shape.is_child:
        values["locator"] = _locator(*CHAIN[parent])
    table, body = struct.pack("<8sHH20x", b"metadata", 0, len(values)), b""
    for guid, (name, _, item_flags) in ITEMS.items():
        if name in values:
            table += struct.pack("<16sIIII", guid, 64 * KIB + len(body), len(values[name]), item_flags, 0)
            body += values[name]
    return table.ljust(64 * KIB, b"\0") + body


def _locator(parent: str, guid: bytes) -> bytes:
    linkage = "{" + _text(guid) + "}"
    pairs = [("parent_linkage", linkage), ("relative_path", ".\\" + parent)]
    kind = bytes.fromhex("b7ef4ab09ed1814ab78925b8e9445913")
    table, strings, start = struct.pack("<16sHH", kind, 0, len(pairs)), b"", 20 + 12 * len(pairs)
    for key, value in pairs:
        raw = key.encode("utf-16-le"), value.encode("utf-16-le")
        at = start + len(strings)
        table += struct.pack("<IIHH", at, at + len(raw[0]), len(raw[0]), len(raw[1]))
        strings += raw[0] + raw[1]
    return table + strings


def _text(guid: bytes) -> str:
    a, b, c = struct.unpack("<IHH", guid[:8])
    return f"{a:08x}-{b:04x}-{c:04x}-{guid[8:10].hex()}-{guid[10:].hex()}"


def _sealed(raw: bytes) -> bytes:
    return raw[:4] + struct.pack("<I", crc32c(raw[:4] + bytes(4) + raw[8:])) + raw[8:]
