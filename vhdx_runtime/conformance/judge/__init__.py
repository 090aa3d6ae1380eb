"""Judges: every case in front of every reader, and what came of it.

The life of a judgement::

    Case ─ runner ─► files, a request for each reader
        hosts, worker                                         a process for each reader, under limits
        sampling                                              which ranges of the disk are asked for
        compare, outcomes ─► Outcome                          right, wrong, refused, crashed, too slow
    scoreboard, scoreboard_html                               all of it as a record, a table, a page
    judging, selfcheck                                        our own library, and the cases against themselves

Called by `vhdx conformance run` and by `fuzz.judge`. Readers are adapters in `readers`.
"""
