"""The virtual disk: from one container to what the guest reads.

The life of a read::

    path, file or bytes ─ image.open_image ─► Image           one container: headers, log, regions, metadata, BAT
        Image ─ chain.open_chain ─► Chain                     the container and its parents, child first
            parent_search                                     where a parent may lie, and which file is the one
            attempts                                          what became of each candidate
        Chain ─ virtual.VirtualDisk ─► read_at, ranges        the disk
            mapping                                           one offset of one container: where its bytes are
            ranges                                            the same over the whole chain, in pieces
        cut, orphans                                          signs that the file has lost its end, or a log
        summary                                               all of it as plain values, for `vhdx info`

Whoever wants a disk calls `vhdx_runtime.open`; whoever wants a container as it stands, with all that is wrong with it,
calls `image.load_image`. Nothing here writes.
"""
