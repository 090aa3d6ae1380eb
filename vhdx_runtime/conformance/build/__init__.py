"""Builder: from a recipe to the bytes of a file, and to what its guest must see.

The life of a file::

    Recipe ─ plan ─► where everything lies                    numbers only
        structures, blocks, log_area ─► objects               bytes, by name
                                                              all of it, in a sparse file
        overrides                                             damage, before and after checksums are made
    expand.expand ─► Expanded                                 the file, and a GuestModel
        model, pattern, digests                               what the guest must see: worked out from the recipe alone

Imports layout, builders and checksum, and never the code that reads images: one is held against the other.
"""
