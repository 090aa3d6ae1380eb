"""The corpus: images each of which breaks one rule, or a few, with a label that says what a reader must make of it.

The life of an image::

    bases ─► a sound recipe of every shape
        recipe_edits                                          what could be changed in it
        subject + fuzz.engine ─► edits that break a rule      search, a full check as judge
        ─► witnesses.jsonl                                    the outcome of a long search, committed
    entries ─ read back, built anew ─► random_images beside them
        fields, verdicts                                      what is broken, and what follows from that
    corpus.write ─► a folder with manifest.jsonl;             distil keeps a small part of it

Called by `vhdx fuzz generate`, and by tests.
"""
