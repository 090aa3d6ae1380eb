"""A log entry has the bytes that the constructs give it, sector by sector."""

from __future__ import annotations

import random

import pytest
from vhdx_format import layout

from vhdx_runtime.codec import encode
from vhdx_runtime.write.entry import SECTOR, build_entry, capacity, entry_length

GUID = bytes(range(16))


@pytest.mark.parametrize("count", [0, 1, 2, 126, 127, 255])
def test_an_entry_is_that_of_the_constructs(count: int) -> None:
    chance = random.Random(count)
    sectors = [(SECTOR * chance.randrange(256, 1 << 40), chance.randbytes(SECTOR)) for _ in range(count)]
    number = chance.getrandbits(63)
    raw = build_entry(
        sectors, tail=0x3000, sequence_number=number, log_guid=GUID, flushed_size=(5 << 20) + 7, size=(9 << 20) + 1
    )
    descriptors = [
        {
            "data": {
                "signature": b"desc",
                "trailing_bytes": data[-4:],
                "leading_bytes": data[:8],
                "file_offset": offset,
                "sequence_number": number,
            }
        }
        for offset, data in sectors
    ]
    halves = {"signature": b"data", "sequence_high": number >> 32, "sequence_low": number & 0xFFFFFFFF}
    header = {
        "signature": b"loge",
        "entry_length": len(raw),
        "tail": 0x3000,
        "sequence_number": number,
        "descriptor_count": count,
        "log_guid": GUID,
        "flushed_file_offset": 5 << 20,
        "last_file_offset": 10 << 20,
    }
    fields = {
        "header": header,
        "descriptors": descriptors,
        "padding": bytes(len(raw) - SECTOR * count - 64 - 32 * count),
        "data_sectors": [halves | {"data": data[8:-4]} for _, data in sectors],
    }
    assert raw == encode.seal("log_entry", encode.build("log_entry", fields))
    assert len(raw) == entry_length(count)


@pytest.mark.parametrize("length", [0, 4095, 4096, 8192, 520192, 1 << 20, (1 << 20) - 8192])
def test_the_capacity_is_the_most_that_fits(length: int) -> None:
    count = capacity(length)
    assert entry_length(count) <= max(length, SECTOR)
    assert entry_length(count + 1) > length


def test_sectors_and_the_fields_of_a_descriptor_are_as_large_as_the_format_says() -> None:
    assert SECTOR == layout.LOG_SECTOR_SIZE == 4096
