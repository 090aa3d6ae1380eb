"""Mutators: a file is taken apart into its structures, some are changed, and the checksums are made right again.

The life of a mutant::

    bytes ─ structures ─► what lies where, and which checksum covers it
        values, dictionary                                    what is worth writing into a field
        file_edits ─► bytes to put over it, a length          one change
        relocate                                              objects moved, with what points to them
    mutate.mutate ─► bytes, checksums right                   several changes, drawn by a seed
        afl, libfuzzer                                        the same as plug-ins of fuzzers
    packed ─► seeds of a few KB                               for targets in C, which have mutators of their own

Called by `vhdx fuzz mutate`, `unpack`, `generate --packed`, `reduce` and fuzzers. The format is known from the layout
alone.
"""
