"""The change engine: carries out changes of a container so that they can be looked at before and taken back after.

The life of a change::

    a planner says what is to change ─► Alteration            patches, header fields, moves, a new length
        preview.joined, preview.loaded ─► Image               the container as it will read, in memory
            guest.differences                                 does the guest read anything else? where?
        script.operations ─► Write, Copy, Resize, Flush       in an order in which a crash does no harm
        ─► ChangeSet                                          all of it, for one file as it was: fingerprint
    apply.apply                                               undo file first, then the operations, then a judge
        undo.save … undo.restore                              byte for byte back, also from the middle

It does not know what a change is for. A planner makes a `ChangeSet` and hands `apply` a judge of the outcome; what is
written is written by `write`.
"""
