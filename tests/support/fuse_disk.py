"""Run as a program: shows a disk, opened for writing, as one file in a folder by FUSE. argv: image, folder, parents.

Ends when the folder is unmounted; the disk is closed then. Other programs make file systems in that file, and the
kernel mounts it by a loop device.
"""

from __future__ import annotations

import errno
import stat
import sys
from typing import Any

import mfusepy

import vhdx_runtime as vhdx

NAME = "disk"
PUNCH_HOLE, ZERO_RANGE = 2, 16


class Shown(mfusepy.Operations):
    """A folder with one file."""

    use_ns = True

    def __init__(self, disk: Any) -> None:
        self.disk = disk

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        if path != f"/{NAME}":
            raise mfusepy.FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": self.disk.size}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", NAME]

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self.disk.read_at(offset, size))

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return int(self.disk.write_at(offset, data))

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self.disk.flush()
        return 0

    def fallocate(self, path: str, mode: int, offset: int, size: int, fh: int) -> int:
        if not mode & (PUNCH_HOLE | ZERO_RANGE):
            raise mfusepy.FuseOSError(errno.EOPNOTSUPP)
        self.disk.zero(offset, size)
        return 0


if __name__ == "__main__":
    with vhdx.open(sys.argv[1], mode="r+", parents=sys.argv[3:]) as shown:
        mfusepy.FUSE(Shown(shown), sys.argv[2], foreground=True)
