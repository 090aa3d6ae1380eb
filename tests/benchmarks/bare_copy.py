"""The least that a conversion can do: copy ranges inside the kernel. argv: plan (JSON), input, output."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Copy every range of the plan: [[offset in the input, offset in the output, length], …], and the output's size."""
    with open(sys.argv[1]) as file:
        plan = json.load(file)
    source = os.open(sys.argv[2], os.O_RDONLY)
    target = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.ftruncate(target, plan["size"])
    for start, to, length in plan["ranges"]:
        done = 0
        while done < length:
            done += os.copy_file_range(source, target, length - done, start + done, to + done)


if __name__ == "__main__":
    main()
